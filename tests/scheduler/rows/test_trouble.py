"""Tables that were restored, changed behind their triggers, locked, or not to be written."""

import logging
from contextlib import closing, suppress

import pytest

from beatd.errors import BrokerUnavailableError, StoreError
from beatd.sqlkit import migrate
from beatd.sqlkit.database import open_database
from tests.scheduler.rows.client import Client, drop_triggers


def test_what_changes_behind_the_triggers_is_found_by_comparing_all(stage, sql, caplog) -> None:
    sql.add("a")
    sql.add("b")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    drop_triggers(sql)
    sql("UPDATE beatd_schedules SET schedule = 'every 1m' WHERE name = 'a'")
    sql("DELETE FROM beatd_schedules WHERE name = 'b'")
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 118)
    for name in "ab":
        fires = stage.emitted(name)
        assert fires[0] == 10
        assert len(fires) < 12
    assert [fire for fire in stage.emitted("a") if fire > 90] == [120]
    assert [fire for fire in stage.emitted("b") if fire > 90] == []


def told(stage) -> dict:
    """Return what the newest scheduler says of its table."""
    *_, newest = (each for each in stage.state.leases.holders() if each.status.get("tables"))
    return newest.status["tables"][0]


def quarantined(stage) -> int:
    """Return how many rows it holds to be bad."""
    return told(stage)["quarantined"]


def test_rows_that_come_and_go_behind_the_triggers_are_counted_once(stage, sql) -> None:
    for name in "abc":
        sql.add(name, "every 1m")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 5)
    drop_triggers(sql)
    sql("DELETE FROM beatd_schedules WHERE name <> 'c'")
    assert counts(stage, scheduler) == {3, 1}
    for name in "def":
        sql.add(name, "every 1m")
    assert counts(stage, scheduler) == {1, 4}


def counts(stage, scheduler) -> set[int]:
    """Return how many rows it says that there are, in the course of two minutes."""
    found = set()
    for _ in range(120):
        stage.tick(scheduler, 1)
        found.add(told(stage)["rows"])
    return found


def test_a_row_whose_name_no_entry_can_have_says_so_until_it_is_renamed(stage, sql, caplog) -> None:
    long = "x" * 5000
    sql.add(long, "every 1s")
    scheduler = stage.scheduler()
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 3)
        sql.add("a\nb", "every 1s")
        stage.tick(scheduler, 3)
    assert "1 to 200 printable characters" in sql.told(long)[3]
    assert "1 to 200 printable characters" in sql.told("a\nb")[3]
    assert max(len(str(record.__dict__)) for record in caplog.records) < 3000
    assert quarantined(stage) == 2
    sql("UPDATE beatd_schedules SET name = 'a' WHERE name = 'a\nb'")
    sql(f"DELETE FROM beatd_schedules WHERE name = '{long}'")
    stage.tick(scheduler, 12)
    assert sql.told("a")[3] is None
    assert len(stage.emitted("a")) >= 10
    assert quarantined(stage) == 0
    scheduler.stop()
    stage.tick(stage.scheduler(), 5)
    assert quarantined(stage) == 0


@pytest.mark.parametrize("mended", [False, True], ids=["triggers are gone", "triggers are back"])
def test_a_row_that_came_behind_the_triggers_fires_and_is_told_of(stage, sql, mended) -> None:
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    drop_triggers(sql)
    sql.add("a", "every 1s")
    sql.add("b", "every monday")
    sql.add("c", "every 1s")
    if mended:
        with closing(open_database(stage.url)) as database:
            migrate.upgrade(database)
    stage.tick(scheduler, 100)
    for name in "ac":
        fires = stage.emitted(name)
        assert len(fires) > 20
        assert fires == [fires[0] + number for number in range(len(fires))]
    assert "'monday' is not a duration" in sql.told("b")[3]
    assert sql.told("a")[2] > 20


def test_a_row_that_came_behind_the_triggers_while_nobody_was_there_fires(stage, sql) -> None:
    drop_triggers(sql)
    sql.add("a", "every 1s")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 20)
    assert len(stage.emitted("a")) > 10
    assert sql.told("a")[3] is None


def test_a_table_that_was_restored_to_yesterday_fires_nothing_again(stage, sql, caplog) -> None:
    sql.add("a")
    (yesterday,) = sql("SELECT schedule, generation, changed_at FROM beatd_schedules")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    sql("UPDATE beatd_schedules SET schedule = 'every 5s' WHERE name = 'a'")
    stage.tick(scheduler, 10)
    before = stage.emitted("a")
    scheduler.stop()
    _restore(sql, yesterday)
    scheduler = stage.scheduler("two")
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 20)
    assert stage.emitted("a")[: len(before)] == before
    assert stage.emitted("a")[-1] == 40
    assert "lost_version" in [record.action for record in caplog.records]
    assert "unknown" in [state for _, state, _ in stage.runs("a")]


def _restore(sql: Client, row: tuple) -> None:
    """Put a row, and the log, back as they were."""
    schedule, generation, changed_at = row
    with closing(sql.connect()) as connection:
        if sql.url.startswith("sqlite"):
            triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
        else:
            connection.execute("ALTER TABLE beatd_schedules DISABLE TRIGGER USER")
        told = f"schedule = '{schedule}', generation = {generation}, changed_at = '{changed_at}'"
        connection.execute(f"UPDATE beatd_schedules SET {told}")
        connection.execute("DELETE FROM beatd_changes WHERE op <> 'insert'")
        if sql.url.startswith("sqlite"):
            for _, text in triggers:
                connection.execute(text)
        else:
            connection.execute("ALTER TABLE beatd_schedules ENABLE TRIGGER USER")
        connection.commit()


def test_a_row_that_vanished_while_nobody_was_there_is_removed(stage, sql) -> None:
    sql.add("a")
    sql.add("b")
    stage.tick(first := stage.scheduler(), 12)
    first.stop()
    drop_triggers(sql)
    sql("DELETE FROM beatd_schedules WHERE name = 'a'")
    sql("DELETE FROM beatd_changes WHERE name = 'a'")
    second = stage.scheduler("two")
    stage.tick(second, 10)
    assert stage.state.records.load(["a"])["a"].removed
    assert stage.emitted("b") == [10, 20]


def test_what_could_not_be_written_back_is_written_back_later(stage, sql) -> None:
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    sql.add("a", "every monday")
    with closing(sql.connect()) as other:
        # As CREATE INDEX does: it may be read.
        other.execute("BEGIN IMMEDIATE" if "sqlite" in sql.url else "LOCK TABLE beatd_schedules IN SHARE MODE")
        failed = 0
        for _ in range(4):
            stage.clock.advance(1)
            try:
                stage.read(scheduler)
            except BrokerUnavailableError:
                failed += 1
            # The state is in the same file.
            with suppress(BrokerUnavailableError):
                scheduler.tick()
        assert failed
    stage.tick(scheduler, 5)
    assert "'monday' is not a duration" in str(sql.told("a")[3])


def test_a_row_that_was_locked_when_it_was_to_be_written_back_is_written_back_without_another_fire(stage, sql) -> None:
    if stage.url.startswith("sqlite"):
        pytest.skip("there are no locks of rows")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    sql.add("a", "every 1h")
    with closing(sql.connect()) as other:
        other.execute("SELECT * FROM beatd_schedules WHERE name = 'a' FOR UPDATE")
        stage.tick(scheduler, 30)
        assert sql.told("a")[0] is None
    stage.tick(scheduler, 25)
    assert sql.told("a")[0] is not None


def test_who_takes_over_writes_back_what_the_other_one_has_not(stage, sql) -> None:
    for number in range(5):
        sql.add(f"e{number}", "every 1h")
    stage.scheduler()  # holds everything, and is never heard of again
    other = stage.scheduler("two")
    stage.tick(other, 30)
    assert not other.on_standby
    assert [sql.told(f"e{number}")[0] is None for number in range(5)] == [False] * 5


def test_a_right_that_was_taken_away_keeps_no_edit_from_being_noticed(stage, sql) -> None:
    if stage.url.startswith("sqlite"):
        pytest.skip("who may open the file may do everything")
    sql.add("a", "every 1s")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    _refuse_updates(sql)
    # It would be touched.
    behind = "SET session_replication_role = replica"  # so that it is to be touched
    sql(f"{behind}; INSERT INTO beatd_schedules (name, task, schedule) VALUES ('c', 't', 'x')")
    stage.clock.advance(100)
    for _ in range(4):
        with suppress(StoreError):
            stage.read(scheduler)
        scheduler.tick()
        stage.clock.advance(1)
    sql.add("b", "every 1s")
    for _ in range(10):
        stage.clock.advance(1)
        with suppress(StoreError):
            stage.read(scheduler)
        scheduler.tick()
    assert len(stage.emitted("b")) > 5


def _refuse_updates(sql: Client) -> None:
    sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'permission denied'; END $$"
    )
    sql("CREATE TRIGGER refuse BEFORE UPDATE ON beatd_schedules EXECUTE FUNCTION refuse()")


def test_a_locked_table_delays_no_fire(stage, sql) -> None:
    if stage.url.startswith("sqlite"):
        pytest.skip("a lock of the file does not keep anybody from reading it")
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    with closing(sql.connect()) as other:
        other.execute("LOCK TABLE beatd_schedules, beatd_changes IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(BrokerUnavailableError):
            stage.read(scheduler)
        for _ in range(10):
            stage.clock.advance(1)
            scheduler.tick()
        assert stage.emitted("a") == [10]
    sql("UPDATE beatd_schedules SET schedule = 'every 1s'")
    stage.tick(scheduler, 5)
    assert len(stage.emitted("a")) > 3


def test_after_an_outage_nothing_fires_before_what_was_changed_meanwhile_is_known(stage, sql) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    stage.clock.advance(30)
    scheduler.tick()
    assert stage.emitted("a") == [10]
    stage.read(scheduler)
    scheduler.tick()
    assert stage.emitted("a") == [10, 20, 30, 40]


def test_after_an_outage_a_table_that_is_not_back_keeps_the_others_waiting_for_some_seconds_only(stage, sql) -> None:
    sql.add("a")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    stage.clock.advance(30)
    for _ in range(8):
        scheduler.tick()
        stage.clock.advance(1)
    assert stage.emitted("a") == [10, 20, 30, 40]
