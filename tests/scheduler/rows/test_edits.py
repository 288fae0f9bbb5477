"""Rows that are edited with plain SQL while schedulers run."""

import logging
from contextlib import closing

import pytest

from beatd.config.settings import Settings
from beatd.errors import DefinitionError
from beatd.wiring.lines import open_lines


def test_a_row_that_is_inserted_fires(stage, sql) -> None:
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    sql.add("a")
    stage.tick(scheduler, 20)
    assert stage.emitted("a") == [10, 20]


def test_rows_that_were_there_before_the_state_owe_nothing_from_before(stage, sql) -> None:
    sql.add("a", "every 1s")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 3)
    assert stage.emitted("a") == [1, 2, 3]


def test_a_changed_row_settles_what_it_owed_and_goes_on_as_changed(stage, sql) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    sql("UPDATE beatd_schedules SET schedule = 'every 1m' WHERE name = 'a'")
    stage.tick(scheduler, 50)
    assert stage.emitted("a") == [10, 60]


def test_a_row_that_is_switched_off_and_on_again_catches_nothing_up(stage, sql) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    sql("UPDATE beatd_schedules SET enabled = NOT coalesce(enabled, NOT 1 = 0)")
    stage.tick(scheduler, 20)
    sql("UPDATE beatd_schedules SET enabled = NOT enabled")
    stage.tick(scheduler, 20)
    assert stage.emitted("a") == [10, 40, 50]


def test_a_deleted_row_fires_no_more_and_one_of_its_name_begins_anew(stage, sql) -> None:
    sql.add("a", max_runs=2)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    sql("DELETE FROM beatd_schedules WHERE name = 'a'")
    stage.tick(scheduler, 20)
    assert stage.emitted("a") == [10]
    sql.add("a", max_runs=2)
    stage.tick(scheduler, 40)
    assert stage.emitted("a") == [10, 40, 50]


def test_a_renamed_row_is_another_entry(stage, sql) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    sql("UPDATE beatd_schedules SET name = 'b'")
    stage.tick(scheduler, 20)
    assert (stage.emitted("a"), stage.emitted("b")) == ([10], [20, 30])


def test_rows_changed_in_one_statement_are_all_taken_in(stage, sql) -> None:
    values = ", ".join(f"('e{n}', 't', 'every 1h')" for n in range(3000))
    sql(f"INSERT INTO beatd_schedules (name, task, schedule) VALUES {values}")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    sql("UPDATE beatd_schedules SET schedule = 'every 10s' WHERE name LIKE 'e1%'")
    stage.tick(scheduler, 10)
    assert stage.emitted("e1") == stage.emitted("e1999") == [10]
    assert scheduler.report.fires == 1111


def test_an_edit_made_while_nobody_was_there_is_honoured_and_the_former_version_paid(stage, sql) -> None:
    sql.add("a", misfire="all")
    stage.tick(first := stage.scheduler(), 12)
    first.stop()
    stage.clock.advance(20)
    second = stage.scheduler("two")  # its clock and the table's are compared here: the edit comes after it
    second.stop()
    sql("UPDATE beatd_schedules SET schedule = 'every 1m' WHERE name = 'a'")
    third = stage.scheduler("three")
    stage.settle(third)
    assert stage.emitted("a") == [10, 20, 30]
    stage.tick(third, 90)
    assert stage.emitted("a") == [10, 20, 30, 60, 120]


def test_a_change_that_is_committed_late_is_not_missed(stage, sql) -> None:
    if stage.url.startswith("sqlite"):
        pytest.skip("there is one writer at a time: nobody can commit in between")
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    with closing(sql.connect()) as slow:
        slow.execute("INSERT INTO beatd_schedules (name, task, schedule) VALUES ('late', 't', 'every 10s')")
        sql.add("b")
        stage.tick(scheduler, 10)
        assert stage.emitted("b") == [10]
        slow.commit()
    stage.tick(scheduler, 10)
    assert stage.emitted("late")[-1:] == [20]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("row_first", [False, True])
def test_a_row_and_its_calendar_that_are_changed_at_once_lose_no_fire(stage, sql, row_first, restarted) -> None:
    if stage.url.startswith("sqlite"):
        pytest.skip("there is one writer at a time: nobody can commit in between")
    sql("""INSERT INTO beatd_calendars (name, dates) VALUES ('days', '["2001-01-01"]')""")
    sql.add("a", exclude="calendar days")
    stage.tick(scheduler := stage.scheduler(), 12)
    row = "UPDATE beatd_schedules SET schedule = 'every 5s' WHERE name = 'a'"
    days = """UPDATE beatd_calendars SET dates = '["2001-01-02"]'"""
    former, latter = (row, days) if row_first else (days, row)
    with closing(sql.connect()) as late:
        late.execute(former)
        sql(latter)
        stage.tick(scheduler, 10)
        if restarted:
            scheduler.stop()
        late.commit()
    stage.tick(stage.scheduler("two") if restarted else scheduler, 20)
    assert stage.emitted("a") == sorted({*range(10, 43, 10), *stage.emitted("a")})
    assert stage.emitted("a")[-3:] == [30, 35, 40]
    assert [each.reason for each in stage.state.past.dispositions("a", 0, stage.clock.now(), 10)] == []
    with open_lines(Settings(broker=stage.url), stage.state) as lines:
        tenures = lines.tenures(["a"])["a"]
    assert [each.version.entry.schedule for each in tenures][-1] == "every 5s"
    assert len(tenures) == 3


def test_a_broken_row_is_quarantined_alone_tells_why_and_fires_once_mended(stage, sql, caplog) -> None:
    sql.add("good")
    sql.add("bad", "every monday")
    scheduler = stage.scheduler()
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 12)
    assert stage.emitted("good") == [10]
    assert "'monday' is not a duration; write '0 0 * * mon'" in sql.told("bad")[3]
    (said,) = [record for record in caplog.records if record.action == "quarantined"]
    assert said.entry == "bad"
    sql("UPDATE beatd_schedules SET schedule = 'every 10s' WHERE name = 'bad'")
    stage.tick(scheduler, 30)
    assert stage.emitted("bad") == [20, 30, 40]
    assert sql.told("bad")[3] is None
    assert (12, "quarantined", None) not in stage.runs("bad")


def test_what_is_written_back_is_right_and_reads_as_no_change(stage, sql, caplog) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 25)
    next_fire, last_fire, runs, error = sql.told("a")
    assert next_fire.replace("T", " ").startswith("2026-03-01 12:00:")
    assert last_fire is not None
    assert runs in (1, 2)
    assert error is None
    with caplog.at_level(logging.INFO):
        stage.tick(scheduler, 30)
    assert [record for record in caplog.records if str(record.action).startswith("entry_")] == []
    assert sql.told("a")[2] >= 3
    (log,) = sql("SELECT count(*) FROM beatd_changes")
    assert log == (1,)


def test_strict_refuses_to_start_with_a_broken_row(stage, sql) -> None:
    sql.add("bad", "every monday")
    with pytest.raises(DefinitionError, match=r"'bad': .*monday"):
        stage.scheduler("two", strict=True)


def test_former_versions_are_pruned_once_they_are_old_and_not_before(stage, sql) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    for n in range(3):
        sql(f"UPDATE beatd_schedules SET schedule = 'every {n + 11}s'")
        stage.tick(scheduler, 40)
    assert sql("SELECT count(*) FROM beatd_changes WHERE op = 'update'") == [(3,)]
    scheduler.stop()
    stage.keep = 1
    scheduler = stage.scheduler("two")
    stage.tick(scheduler, 70)
    # The newest line stays: marks are told by it.
    assert sql("SELECT count(*) FROM beatd_changes") == [(1,)]
    before = stage.state.records.load(["a"])["a"].runs
    stage.tick(scheduler, 20)
    assert stage.state.records.load(["a"])["a"].runs > before


def test_status_tells_since_when_the_oldest_row_that_is_due_waits(stage, sql) -> None:
    for name in "abcdefgh":
        sql.add(name, "every 1s", misfire="all")
    sql.add("hourly", "every 1h")
    former = stage.scheduler()
    stage.tick(former, 2)
    former.stop()
    stage.clock.advance(600)
    scheduler = stage.scheduler("two")

    def told() -> tuple[object, object]:
        (seen,) = [each for each in stage.state.leases.holders() if each.holder == "two"]
        return seen.status["next_due"], seen.status["late"]

    stage.tick(scheduler, 2.1, at_most=0.1)
    due, late = told()
    assert ("2026-03-01T12:00:02Z" < due < "2026-03-01T12:10", late) == (True, 8)
    stage.tick(scheduler, 60)
    due, late = told()
    assert ("2026-03-01T12:11:00Z" < due < "2026-03-01T12:11:10Z", late) == (True, 0)


def test_status_tells_how_far_each_table_is_read(stage, sql) -> None:
    sql.add("a")
    sql.add("bad", "every monday")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 10)
    (seen,) = [each for each in stage.state.leases.holders() if each.holder == "one" and each.status.get("tables")]
    (table,) = seen.status["tables"]
    assert (table["rows"], table["loaded"], table["quarantined"]) == (2, True, 1)
