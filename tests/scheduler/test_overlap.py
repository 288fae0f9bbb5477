import logging

import pytest

from beatd.core.entry import Draft, Entry
from beatd.core.firing import resumed
from beatd.core.line import renewed
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import DefinitionError
from beatd.scheduler.sources import SourceSet
from beatd.stores.sql import SqlRecords

EVERY_10S = "schedule = 'every 10s'"
SECOND = 1_000_000


@pytest.fixture
def work(stage):
    """Claim what waits, and end it: well, or as told."""

    def take():
        return stage.broker.receiver.claim(["celery"], owner="w", limit=100, lease=3600 * SECOND)

    def end(delivery, state="SUCCESS", reason=None):
        stage.broker.receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State(state), reason=reason))

    return take, end


def test_skip_goes_on_with_the_next_fire_after_the_end(stage, work) -> None:
    take, end = work
    stage.write(a=f"{EVERY_10S}\noverlap = 'skip'")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 35)
    (delivery,) = take()
    end(delivery)
    stage.tick(scheduler, 10)
    assert stage.runs("a") == [
        (10, "success", 1),
        (20, "overlap_skipped", 1),
        (30, "overlap_skipped", 1),
        (40, "emitted", 1),
    ]


def test_what_is_held_outlives_a_restart_and_is_released_by_the_end_without_a_scheduler(stage, work) -> None:
    take, end = work
    stage.write(a=f"{EVERY_10S}\noverlap = 'queue_one'")
    scheduler = stage.scheduler("one")
    stage.tick(scheduler, 22)
    (delivery,) = take()
    scheduler.stop()
    again = stage.scheduler("two")
    stage.tick(again, 10)
    assert stage.runs("a") == [(10, "started", 1), (20, "held", 1), (30, "overlap_skipped", 1)]
    again.stop()
    end(delivery)
    (held,) = take()
    end(held)
    third = stage.scheduler("three")
    stage.tick(third, 10)
    assert stage.runs("a")[1:] == [(20, "success", 1), (30, "overlap_skipped", 1), (40, "emitted", 1)]
    assert third.report.conflicts == 0


def test_a_held_message_is_released_at_its_time_out_also_by_a_scheduler_that_just_started(stage, work, caplog) -> None:
    take, _ = work
    stage.write(a="schedule = 'every 1h'\noverlap = 'queue_one'\noverlap_timeout = '70m'")
    stage.tick(stage.scheduler("one"), 2 * 3600 + 1, at_most=30)
    assert len(take()) == 1
    two = stage.scheduler("two")
    stage.clock.advance(60)
    stage.tick(two, 605, at_most=30)
    with caplog.at_level(logging.WARNING):
        stage.tick(two, 10)
    (held,) = take()
    assert held.message.fire_time // SECOND % 86400 == 14 * 3600
    assert [run.reason for run in stage.state.history.runs(entry="a")][-1].startswith("overlap_timeout")


def test_a_pause_after_failures_is_learnt_of_as_any_other(stage, work) -> None:
    take, end = work
    stage.write(a=f"{EVERY_10S}\npause_after_failures = 2", b=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 21)
    for delivery in take():
        end(delivery, "FAILURE", "ValueError: no stock")
    stage.tick(scheduler, 20)
    assert stage.runs("a")[2:] == [(pytest.approx(20, abs=1), "paused", None)]
    assert stage.emitted("b") == [30, 40]
    assert scheduler.report.conflicts == 0
    (record,) = stage.state.records.load(["a"]).values()
    assert record.pause.note.startswith("2 failures in a row, the last at 2026-03-01T12:00:20Z: ValueError")
    line = renewed((), stage.state.definitions.load(names=["a"]))
    now = int(stage.clock.moment.timestamp() * SECOND)
    stage.state.records.step([resumed("a", line[0], record, now, 6)])
    stage.tick(scheduler, 12)
    assert [state for moment, state, _ in stage.runs("a") if moment >= 50] == ["emitted"]


def test_a_first_failure_after_hours_of_rest_and_late_fires_are_judged_alike(stage, work) -> None:
    take, end = work
    stage.write(a=f"{EVERY_10S}\noverlap = 'skip'")
    first = stage.scheduler("one")
    stage.tick(first, 11)
    first.stop()
    (delivery,) = take()
    stage.clock.advance(3600)
    second = stage.scheduler("two")
    stage.settle(second)
    assert stage.runs("a")[1:] == [(20, "coalesced", 359), (3610, "overlap_skipped", 1)]
    end(delivery)
    stage.tick(second, 10)
    assert stage.emitted("a") == [3620]


def test_an_end_that_told_nobody_is_found_out_with_the_next_fire(stage, work) -> None:
    take, _ = work
    stage.write(a=f"{EVERY_10S}\noverlap = 'skip'")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 11)
    take()
    with stage.state.records._db.write() as connection:  # as a worker of older code ends it
        connection.exec_driver_sql("DELETE FROM beatd_messages")
    stage.tick(scheduler, 10)
    assert stage.emitted("a") == [10, 20]


def test_removing_an_entry_revokes_what_it_holds(stage, work) -> None:
    take, _ = work
    stage.write(a=f"{EVERY_10S}\noverlap = 'queue_one'", b=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 22)
    stage.write(b=EVERY_10S)
    stage.tick(scheduler, 3)
    assert stage.runs("a") == [(10, "emitted", 1), (20, "revoked", 1)]
    assert [run.reason for run in stage.state.history.runs(entry="a")] == ["the entry was removed", None]
    assert [delivery.message.entry for delivery in take()].count("a") == 1


# ---------------------------------------------------------------- brokers that cannot tell


class Fixed:
    name = "fixed"

    def __init__(self, *drafts) -> None:
        self.drafts = list(drafts)

    def load(self):
        return self.drafts

    def changed(self):
        return False


def entry(name, **fields):
    return Draft(name=name, place=f"f:{name}", entry=Entry(name=name, task="t", schedule="every 10s", **fields))


def test_where_no_end_is_seen_an_entry_that_needs_one_is_quarantined_and_says_why(stage) -> None:
    stage.write()
    stage.scheduler()
    drafts = (entry("a"), entry("b", overlap="skip"), entry("c", pause_after_failures=3), entry("d", overlap_timeout=5))
    definitions = stage.state.definitions
    SourceSet([Fixed(*drafts)], definitions, "h", sees_finish=False, replace=True).start()
    errors = {version.name: version.error for version in definitions.load() if version.error or version.entry}
    assert errors["a"] is errors["d"] is None
    told = "which this broker, or consumers = 'celery', does not tell"
    why = f"needs to know when a message has ended, {told}; leave it out"
    assert errors["b"] == f"f:b: schedules.b.overlap: 'skip' {why}"
    assert errors["c"] == f"f:c: schedules.c.pause_after_failures: 3 {why}"
    with pytest.raises(DefinitionError, match=r"^f:b: schedules\.b\.overlap: 'skip' needs to know"):
        SourceSet([Fixed(*drafts)], definitions, "h", sees_finish=False, strict=True).start()
    # Where ends are seen again, the same definitions are good ones.
    SourceSet([Fixed(*drafts)], definitions, "h").start()
    assert {version.name: version.error for version in definitions.load()}["b"] is None


def test_consumers_of_celerys_tell_of_no_ends_whatever_the_store_can(stage) -> None:
    stage.write(a=EVERY_10S, b=f"{EVERY_10S}\noverlap = 'skip'")
    stage.tick(stage.scheduler(consumers="celery"), 21)
    assert stage.emitted("a") == [10, 20]
    assert [state for _, state, _ in stage.runs("b")] == ["quarantined"]


def test_a_store_that_does_not_see_ends_quarantines_through_the_wiring(stage, monkeypatch) -> None:
    monkeypatch.setattr(SqlRecords, "sees_finish", False)
    stage.write(a=EVERY_10S, b=f"{EVERY_10S}\noverlap = 'skip'")
    stage.tick(stage.scheduler(), 21)
    assert stage.emitted("a") == [10, 20]
    assert [state for _, state, _ in stage.runs("b")] == ["quarantined"]
    assert "beatd.toml:5: schedules.b.overlap: 'skip' needs" in stage.state.definitions.load(names=["b"])[0].error
