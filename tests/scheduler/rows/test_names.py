"""Which source has a name, and which scheduler fires its rows."""

import logging

import pytest

from beatd.core.entry import Draft, Entry
from beatd.errors import DefinitionError
from beatd.scheduler.tables.tables import Tables
from beatd.stores.sql import SqlLeases
from tests.scheduler.rows.client import drop_triggers


def test_a_name_of_the_set_stays_with_it_and_the_row_is_told(stage, sql) -> None:
    stage.write(a="schedule = 'every 10s'")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    sql.add("a", "every 1s")
    stage.tick(scheduler, 10)
    assert stage.emitted("a") == [10]
    assert sql.told("a")[3].startswith("name is taken: a is already defined at ")
    stage.write(b="schedule = 'every 10s'")
    stage.tick(scheduler, 8)
    assert len(stage.emitted("a")) >= 5  # the row has it now
    assert stage.emitted("b") == [20]
    stage.tick(scheduler, 25)
    assert sql.told("a")[3] is None


def test_a_row_under_a_name_of_the_set_is_noticed_with_the_edit_and_tried_when_the_set_drops_it(
    stage, sql, caplog
) -> None:
    stage.write(a="schedule = 'every 10s'", b="schedule = 'every 10s'")
    stage.tick(scheduler := stage.scheduler(), 2)
    assert scheduler._status()["tables"][0]["noticed_at"] is None
    sql.add("a", "every 1s")
    stage.tick(scheduler, 1)
    (told,) = scheduler._status()["tables"]
    assert (told["rows"], told["quarantined"], told["noticed_at"] is None) == (1, 1, False)
    assert sql.told("a")[3].startswith("name is taken: a is already defined at ")
    sql("UPDATE beatd_schedules SET queue = 'q'")
    stage.tick(scheduler, 1)
    assert [record.action for record in caplog.records] == ["quarantined"]
    stage.write(b="schedule = 'every 10s'")
    stage.tick(scheduler, 2)
    assert stage.emitted("a")[-1] == 6
    sql("DELETE FROM beatd_schedules")
    stage.tick(scheduler, 1)
    (told,) = scheduler._status()["tables"]
    assert (told["rows"], told["quarantined"]) == (0, 0)


def test_a_name_of_a_row_stays_with_it_until_the_row_is_deleted(stage, sql, caplog) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    scheduler.stop()
    stage.write(a="schedule = 'every 1s'", b="schedule = 'every 10s'")
    with caplog.at_level(logging.ERROR):
        scheduler = stage.scheduler("two")
        stage.tick(scheduler, 10)
    assert (stage.emitted("a"), stage.emitted("b")) == ([10], [10])
    (said,) = [record.message for record in caplog.records if record.action == "name_taken"]
    assert "name is taken: a is already defined at" in said
    sql("DELETE FROM beatd_schedules")
    stage.tick(scheduler, 10)
    assert len(stage.emitted("a")) > 5


def test_a_row_that_was_there_first_keeps_its_name_on_the_first_start_of_all(stage, sql, tmp_path, caplog) -> None:
    sql.add("a")
    stage.write(a="schedule = 'every 1s'", b="schedule = 'every 10s'")
    fresh = f"sqlite:///{tmp_path}/fresh.db"
    with pytest.raises(DefinitionError, match="name is taken: a is already defined at"):
        stage.scheduler(url=fresh, strict=True)
    with caplog.at_level(logging.ERROR):
        scheduler = stage.scheduler(url=f"{fresh}2")
        stage.tick(scheduler, 10)
    assert (stage.emitted("a"), stage.emitted("b")) == ([10], [10])
    assert "name_taken" in [record.action for record in caplog.records]


@pytest.mark.parametrize("carries_the_file", [True, False])
def test_strict_refuses_to_start_with_a_row_whose_name_the_set_has(stage, sql, carries_the_file) -> None:
    stage.write(a="schedule = 'every 10s'", b="schedule = 'every 10s'")
    stage.scheduler().stop()
    sql.add("a", "every 1s")
    if not carries_the_file:
        stage.file.unlink()
    with pytest.raises(DefinitionError, match=r"'a': name is taken: a is already defined at .*beatd\.toml"):
        stage.scheduler("two", strict=True)
    assert not [each for each in stage.state.leases.holders() if each.expires_at > stage.clock.now()]
    stage.write(b="schedule = 'every 10s'")
    stage.tick(stage.scheduler("two", strict=True), 10)
    assert len(stage.emitted("a")) >= 8


def test_strict_is_asked_of_a_start_and_not_of_one_again_after_a_crash(stage, sql) -> None:
    stage.scheduler()
    sql.add("bad", "every monday")
    stage.write(a="schedule = 'every tuesday'")
    assert stage.scheduler(strict=True)


def test_two_schedulers_share_the_rows_and_emit_each_fire_once(stage, sql) -> None:
    for n in range(8):
        sql.add(f"e{n}", "every 1s")
    first, second = stage.scheduler("one"), stage.scheduler("two")
    for n in range(24):
        stage.clock.advance(0.5)
        stage.tick(first)
        stage.tick(second)
        if n == 12:
            sql("UPDATE beatd_schedules SET args = '[1]'")
    assert all(stage.emitted(f"e{n}") == [float(second) for second in range(1, 13)] for n in range(8))
    assert first.report.fires > 0
    assert second.report.fires > 0 or stage.url.startswith("sqlite")  # one at a time


def _apply_beside(stage, *names: str) -> None:
    """Apply a set as a host does that has not read a row that was there first."""
    drafts = [Draft(name=name, place=name, entry=Entry(name=name, task="t", schedule="every 1s")) for name in names]
    newest = max((record.version for record in stage.state.records.load().values()), default=0)
    stage.state.definitions.apply(drafts, holder="two", replace=True, above=newest)


def test_the_set_has_a_name_again_that_a_host_had_applied_beside_its_row(stage, sql) -> None:
    sql.add("a")
    stage.tick(first := stage.scheduler(), 2)
    first.stop()
    stage.write(a="schedule = 'every 1s'", b="schedule = 'every 10s'")
    scheduler = stage.scheduler("two")
    stage.tick(scheduler, 10)
    _apply_beside(stage, "a", "b")
    stage.tick(scheduler, 2)
    assert stage.emitted("a") == [10]
    sql("DELETE FROM beatd_schedules")
    stage.tick(scheduler, 12)
    assert len(stage.emitted("a")) > 5


def test_the_set_has_a_name_again_whose_row_went_before_it_was_left_out(stage, sql) -> None:
    sql.add("a")
    stage.write(b="schedule = 'every 10s'")
    scheduler = stage.scheduler("two")
    stage.tick(scheduler, 12)
    _apply_beside(stage, "a", "b")
    sql("DELETE FROM beatd_schedules")
    scheduler.stop()
    stage.write(a="schedule = 'every 1s'", b="schedule = 'every 1s'")
    scheduler = stage.scheduler("two")
    stage.tick(scheduler, 2)
    scheduler.stop()
    # What the set has of the name is below a removal that was taken in.
    stage.tick(stage.scheduler("two"), 12)
    assert len(stage.emitted("a")) > 5


def test_a_row_that_vanished_is_removed_though_the_set_has_had_its_name_since(stage, sql) -> None:
    sql.add("a")
    stage.write(b="schedule = 'every 1s'")
    scheduler = stage.scheduler("two")
    stage.tick(scheduler, 12)
    scheduler.stop()
    _apply_beside(stage, "a", "b")
    _apply_beside(stage, "b")
    drop_triggers(sql)
    sql("DELETE FROM beatd_schedules")
    sql("DELETE FROM beatd_changes")
    stage.tick(stage.scheduler("two"), 10)
    assert stage.state.records.load(["a"])["a"].removed
    assert stage.emitted("a") == [10]


def test_who_was_not_given_the_table_leaves_everything_to_who_was(stage, sql, caplog) -> None:
    sql.add("a")
    stage.write(b='schedule = "every 10s"')
    given = stage.scheduler("given")
    stage.tick(given, 1)
    tables, stage.tables = stage.tables, []
    caplog.set_level(logging.INFO, logger="beatd.scheduler")
    other = stage.scheduler("other")
    stage.tables = tables
    for _ in range(20):
        stage.tick(given, 1)
        stage.tick(other)
    assert other.on_standby
    assert [record.action for record in caplog.records if record.action == "table_not_given"] == ["table_not_given"]
    assert stage.emitted("a") == [10, 20]
    given.stop()
    stage.tick(other, 15)
    assert not other.on_standby
    assert stage.emitted("b") == [10, 20, 30]


def test_where_there_are_no_tables_hardly_anybody_is_asked_for_them(stage, monkeypatch) -> None:
    stage.write(b='schedule = "every 10s"')
    stage.tables = []
    first, second = stage.scheduler("first"), stage.scheduler("second")
    asked = []
    holders = SqlLeases.holders
    monkeypatch.setattr(SqlLeases, "holders", lambda leases: asked.append(1) or holders(leases))
    for _ in range(120):
        stage.tick(first, 0.5)
        stage.tick(second)
    # Each renews twice a second.
    assert len(asked) <= 2 * 60 / 5
    assert stage.emitted("b") == [10, 20, 30, 40, 50, 60]


def test_who_is_given_a_table_later_is_noticed_by_who_was_not_and_no_fire_is_lost(stage, sql) -> None:
    stage.write(b='schedule = "every 10s"')
    tables, stage.tables = stage.tables, []
    first, second = stage.scheduler("first"), stage.scheduler("second")
    for _ in range(20):
        stage.tick(first, 0.5)
        stage.tick(second)
    stage.tables = tables
    sql.add("a", "every 1s")
    given = stage.scheduler("given")
    for _ in range(20):
        stage.tick(given, 0.5)
        stage.tick(first)
        stage.tick(second)
    assert (first.on_standby, second.on_standby, given.on_standby) == (True, True, False)
    assert stage.emitted("a") == list(range(10, 21))


def test_who_has_not_read_all_rows_yet_takes_no_part_from_who_has(stage, sql, monkeypatch) -> None:
    sql.add("a")
    given = stage.scheduler("given")
    stage.tick(given, 9)
    with monkeypatch.context() as patched:
        patched.setattr(Tables, "are_loaded", property(lambda _: False))
        other = stage.scheduler("other")
    stage.tick(given, 2)
    assert stage.emitted("a") == [10]
    assert other.on_standby
    for _ in range(14):
        stage.tick(given, 1)
        stage.tick(other, 0)
    assert stage.emitted("a") == [10, 20]
    given.stop()
    stage.tick(other, 10)
    assert stage.emitted("a") == [10, 20, 30]


def test_a_source_that_is_named_twice_is_read_once(stage, sql, caplog) -> None:
    sql.add("a")
    stage.write(b="schedule = 'every 10s'")
    stage.tables = [stage.url, str(stage.file), stage.url]
    scheduler = stage.scheduler()
    stage.tick(scheduler, 10)
    assert (stage.emitted("a"), stage.emitted("b")) == ([10], [10])
    assert "taken" not in caplog.text
    assert len(scheduler._tables) == 1
