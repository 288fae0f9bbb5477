import logging
import sqlite3
from contextlib import closing

from msgspec.structs import replace

EVERY_10S = "schedule = 'every 10s'"


def _change(stage, *statements):
    stage.state.close()
    with closing(sqlite3.connect(stage.database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_version_that_the_store_has_lost_is_told_and_what_the_set_says_now_goes_on(stage, caplog) -> None:
    stage.write(a=EVERY_10S, b=EVERY_10S)
    scheduler = stage.scheduler("one")
    stage.tick(scheduler, 12)
    stage.write(a="schedule = 'every 7s'", b=EVERY_10S)
    stage.tick(scheduler, 20)
    scheduler.stop()
    _change(stage, "DELETE FROM beatd_definitions WHERE name = 'a' AND number = 2")
    stage.clock.advance(30)
    with caplog.at_level(logging.ERROR):
        second = stage.scheduler("two")
        stage.tick(second, 38)
    (said,) = [record for record in caplog.records if getattr(record, "action", "") == "lost_version"]
    assert said.entry == "a"
    # What the set said before is what it says now; the sources are applied again, and say what they said all along.
    states = [state for _, state, _ in stage.runs("a")]
    assert states.count("unknown") == 1
    since = next(moment for moment, state, _ in stage.runs("a") if state == "unknown")
    assert since <= 32
    late = [moment for moment in stage.emitted("a") if moment > 62]
    assert late
    assert all((moment - late[0]) % 7 == 0 for moment in late)
    assert stage.emitted("b") == [10.0 * n for n in range(1, 11)]


def test_an_entry_of_which_every_version_was_lost_comes_back_with_the_sources(stage, caplog) -> None:
    stage.write(a=EVERY_10S, b=EVERY_10S)
    scheduler = stage.scheduler("one")
    stage.tick(scheduler, 12)
    scheduler.stop()
    _change(stage, "DELETE FROM beatd_definitions WHERE name = 'a'")
    with caplog.at_level(logging.ERROR):
        stage.tick(stage.scheduler("two"), 38)
    assert "lost" in caplog.text
    record = stage.state.records.load(["a"])["a"]
    assert (record.generation, record.removed) == (2, False)
    assert stage.emitted("a")[-2:] == [40, 50]


def test_a_version_that_reads_otherwise_than_it_did_is_lost_too(stage, caplog) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler("one")
    stage.tick(scheduler, 12)
    scheduler.stop()
    _change(stage, "UPDATE beatd_definitions SET fingerprint = 1 WHERE name = 'a'")
    with caplog.at_level(logging.ERROR):
        stage.tick(stage.scheduler("two"), 20)
    assert "lost" in caplog.text
    assert stage.emitted("a") == [10, 20, 30]


def test_a_version_lost_while_a_scheduler_runs_is_found_at_its_next_step(stage, caplog) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler("one")
    stage.tick(scheduler, 12)
    _change(stage, "UPDATE beatd_entries SET version = 40, seq = 5")
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 20)
    assert [record.entry for record in caplog.records if record.action == "lost_version"] == ["a"]
    assert stage.state.records.load()["a"].version > 40
    stage.tick(scheduler, 20)
    assert stage.emitted("a")[-2:] == [40, 50]


def test_a_version_is_taken_for_lost_and_none_that_the_record_was_moved_by_since(stage) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    emitter, book = scheduler._emitter, scheduler._book
    known = book.record("a")
    stage.write(a="schedule = 'every 7s'")
    scheduler.look(forced=True)
    scheduler.tick()
    (version,) = {each.number for each in book.line("a")}
    lost = replace(known, version=-2)
    book.settle("a", lost)
    emitter.succeed(["a"])
    assert emitter._decide("a", known.cursor, emitter._rules).record.version == version
    book.settle("a", replace(lost, version=-1))
    assert emitter._decide("a", known.cursor, emitter._rules) is None
    assert emitter.strangers == {"a"}
