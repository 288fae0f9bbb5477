"""What an item does to former messages, and what their ends do to the record."""

import pytest
from msgspec.structs import replace

from beatd.core.identity import message_id
from beatd.core.record import Reason, Sent, Tracking
from beatd.core.states import State

SECOND = 1_000_000
T = 1_800_000_000 * SECOND


pytestmark = pytest.mark.usefixtures("ends_are_seen")


@pytest.fixture(autouse=True)
def _defined(driver):
    driver.define("a", "b")


class Scene:
    """One driver's entries, moved by items as a scheduler makes them."""

    def __init__(self, driver, make, clock) -> None:
        self.driver, self.make, self.clock = driver, make, clock

    def sent(self, second, name="a"):
        return Sent(message_id("tests", name, 1, T + second), T + second, self.clock.now())

    def fire(self, second, name="a", **fields):
        """Emit one fire; ``unfinished``, ``held``: which seconds' fires are that afterwards."""
        fields = {"emissions": (self.make.emission(name, T + second),), "cursor": T + second, **fields}
        return self.move(name, **fields)

    def move(self, name="a", *, unfinished=None, held=None, failures=0, pause_after=0, **fields):
        tracking = Tracking(
            unfinished=None if unfinished is None else self.sent(unfinished, name),
            held=None if held is None else self.sent(held, name),
            failures=failures,
            pause_after=pause_after,
        )
        item = self.make.item(name, self.driver.records.load([name]).get(name), tracking=tracking or None, **fields)
        (answer,) = self.driver.records.step([item])
        return answer

    def queued(self):
        """One fire that waits or runs, and one that is held behind it."""
        assert self.fire(1, unfinished=1).stored
        assert self.fire(2, unfinished=1, held=2).stored

    def record(self, name="a"):
        return self.driver.records.load([name])[name]

    def take(self, owner="w"):
        return self.driver.receiver.claim(["celery"], owner=owner, limit=10, lease=30 * SECOND)

    def state(self, second, name="a"):
        runs = self.driver.history.runs(entry=name)
        return next(run.state for run in runs if run.fire_time == T + second)


@pytest.fixture
def scene(driver, make, clock):
    return Scene(driver, make, clock)


def test_a_store_says_whether_it_sees_ends(driver):
    assert driver.records.sees_finish is True


def test_what_is_tracked_comes_back(driver, make):
    unfinished, held = Sent("m1", T, T + 1), Sent("m2", T + 2, T + 3)
    first = make.item("a", tracking=Tracking(unfinished=unfinished, held=held, failures=2, pause_after=3))
    second = make.item("b", tracking=Tracking(pause_after=1))
    driver.records.step([first, second])
    assert driver.records.load() == {"a": first.record, "b": second.record}
    gone = make.item("a", first.record)
    driver.records.step([gone])
    assert driver.records.load(["a"])["a"].tracking is None


def test_a_held_message_is_stored_and_not_claimed(scene):
    scene.queued()
    assert [each.message.fire_time for each in scene.take()] == [T + 1]
    assert (scene.state(1), scene.state(2)) == ("started", "held")
    assert scene.driver.outcomes.get(scene.sent(2).id).state is State.PENDING
    assert scene.fire(2, unfinished=1, held=2).repeated == (scene.sent(2).id,)


@pytest.mark.parametrize(
    "end",
    [("done", "SUCCESS"), ("done", "FAILURE"), ("dead", "FAILURE"), ("done", "REVOKED")],
)
def test_whatever_ends_the_former_releases_the_held_one_in_the_same_step(scene, end):
    scene.queued()
    (delivery,) = scene.take()
    former = scene.record()
    scene.clock.advance(5)
    mark, _ = scene.driver.records.noticed(0)
    assert scene.driver.receiver.settle(delivery, scene.make.outcome(*end))
    record = scene.record()
    assert record.seq != former.seq
    assert record.tracking == Tracking(unfinished=Sent(scene.sent(2).id, T + 2, scene.clock.now()))
    assert replace(record, seq=former.seq, tracking=former.tracking) == former
    assert scene.driver.records.noticed(mark)[1] == {"a": record}
    (held,) = scene.take()
    assert held.message.fire_time == T + 2
    scene.driver.receiver.settle(held, scene.make.outcome())
    assert scene.record().tracking is None


def test_a_retry_and_a_return_release_nothing(scene):
    scene.queued()
    (delivery,) = scene.take()
    assert scene.driver.receiver.settle(delivery, scene.make.outcome("retry", "RETRY"))
    former = scene.record()
    (delivery,) = scene.take()
    assert delivery.message.fire_time == T + 1
    scene.driver.receiver.release("w", penalty=False)
    (delivery,) = scene.take()
    assert scene.record() == former


def test_a_task_that_was_acknowledged_before_its_run_ends_with_its_outcome(scene):
    scene.queued()
    (delivery,) = scene.take()
    scene.driver.receiver.settle(delivery, scene.make.outcome("done", "STARTED", worker="w"))
    assert scene.take() == []
    # Gone from the queue, and still unfinished.
    assert scene.move(unfinished=1, held=2, rests_on=scene.sent(1)).stored
    assert scene.driver.receiver.settle(delivery, scene.make.outcome(worker="w"))
    assert [each.message.fire_time for each in scene.take()] == [T + 2]


def test_who_has_lost_its_lease_releases_nothing(scene):
    scene.queued()
    (zombie,) = scene.take("w1")
    scene.clock.advance(31)
    scene.driver.receiver.reap()
    (second,) = scene.take("w2")
    assert not scene.driver.receiver.settle(zombie, scene.make.outcome())
    assert scene.record().tracking.held is not None
    assert scene.driver.receiver.settle(second, scene.make.outcome())
    assert scene.record().tracking.held is None


def test_a_message_that_a_claim_ends_releases_the_held_one(scene):
    expiring = scene.make.emission("a", T + 1, expires=scene.clock.now() + SECOND)
    scene.fire(1, unfinished=1, emissions=(expiring,))
    scene.fire(2, unfinished=1, held=2)
    scene.clock.advance(2)
    assert scene.take() == []
    assert scene.driver.outcomes.get(scene.sent(1).id).reason == "expired"
    assert [each.message.fire_time for each in scene.take()] == [T + 2]


def test_a_message_delivered_too_often_releases_the_held_one_and_is_a_failure(scene):
    scene.fire(1, unfinished=1, pause_after=2)
    scene.fire(2, unfinished=1, held=2, pause_after=2)
    for _ in range(5):
        scene.take()
        scene.driver.receiver.release("w", penalty=True)
    assert scene.take() == []
    tracking = scene.record().tracking
    assert (tracking.failures, tracking.unfinished.id, tracking.held) == (1, scene.sent(2).id, None)
    assert [each.message.fire_time for each in scene.take()] == [T + 2]


def test_revoking_the_former_releases_the_held_one_and_revoking_that_forgets_it(scene):
    scene.queued()
    assert scene.driver.limits.revoke(scene.sent(2).id)
    assert scene.record().tracking == Tracking(unfinished=scene.record().tracking.unfinished)
    assert scene.state(2) == "revoked"
    scene.fire(3, unfinished=1, held=3)
    assert scene.driver.limits.revoke(scene.sent(1).id)
    assert scene.record().tracking.held is None
    assert [each.message.fire_time for each in scene.take()] == [T + 3]


def test_what_is_purged_releases_what_was_held_for_it_which_is_purged_then(scene):
    scene.queued()
    counts = [scene.driver.limits.purge("celery", reason="purged") for _ in range(3)]
    assert counts == [1, 1, 0]
    assert (scene.state(1), scene.state(2)) == ("revoked", "revoked")
    assert scene.record().tracking is None
    assert scene.take() == []


def test_a_delayed_message_is_held_and_waits_for_its_own_time_after_that(scene):
    scene.fire(1, unfinished=1)
    later = scene.make.emission("a", T + 2, due=scene.clock.now() + 60 * SECOND)
    scene.fire(2, unfinished=1, held=2, emissions=(later,))
    (delivery,) = scene.take()
    scene.driver.receiver.settle(delivery, scene.make.outcome())
    assert scene.take() == []
    scene.clock.advance(61)
    assert [each.message.fire_time for each in scene.take()] == [T + 2]


def test_an_item_releases_and_may_hold_another_in_the_same_step(scene):
    scene.queued()
    assert scene.fire(3, unfinished=2, held=3, releases=(scene.sent(2).id,)).stored
    assert [each.message.fire_time for each in scene.take()] == [T + 1, T + 2]
    assert scene.state(3) == "held"


def test_cancelling_removes_what_has_not_begun_also_what_was_held_or_sent_in_this_step(scene):
    scene.queued()
    emissions = (scene.make.emission("a", T + 3), scene.make.emission("a", T + 4))
    cancels = tuple((scene.sent(second).id, "why") for second in (1, 2, 3))
    assert scene.fire(4, unfinished=4, emissions=emissions, cancels=cancels).stored
    assert [each.message.fire_time for each in scene.take()] == [T + 4]
    assert [scene.state(second) for second in (1, 2, 3)] == ["revoked"] * 3
    assert scene.driver.outcomes.get(scene.sent(3).id).reason == "why"


def test_cancelling_what_runs_has_its_worker_end_it_and_what_is_over_is_passed_over(scene):
    scene.fire(1, unfinished=1)
    (delivery,) = scene.take()
    assert scene.driver.limits.to_terminate(["w"]) == frozenset()
    scene.fire(2, unfinished=2, cancels=((scene.sent(1).id, "why"), ("absent", "why")))
    assert scene.driver.limits.to_terminate(["w", "x"]) == {(delivery.message.id, delivery.attempt)}
    assert scene.driver.limits.to_terminate(["x"]) == scene.driver.limits.to_terminate([]) == frozenset()
    # It ends as it ends, and does nothing to the one that came after it.
    scene.driver.receiver.settle(delivery, scene.make.outcome("done", "REVOKED"))
    assert scene.record().tracking.unfinished.id == scene.sent(2).id
    assert scene.driver.limits.to_terminate(["w"]) == frozenset()


def test_only_what_is_revoked_with_termination_is_terminated(scene):
    scene.fire(1)
    (delivery,) = scene.take()
    scene.driver.limits.revoke(delivery.message.id)
    assert scene.driver.limits.to_terminate(["w"]) == frozenset()
    scene.driver.limits.revoke(delivery.message.id, terminate=True)
    scene.driver.limits.revoke(delivery.message.id)
    assert scene.driver.limits.to_terminate(["w"]) == {(delivery.message.id, 1)}


def test_an_item_that_rests_on_what_waits_or_runs_is_carried_out(scene):
    scene.fire(1, unfinished=1)
    skipped = scene.make.disposition("a", T + 2, T + 2, 1, "overlap_skipped")
    assert scene.move(unfinished=1, rests_on=scene.sent(1), dispositions=(skipped,), cursor=T + 2).stored
    scene.take()
    assert scene.move(unfinished=1, rests_on=scene.sent(1), cursor=T + 3).stored
    assert scene.state(2) == "overlap_skipped"


def test_an_item_may_rest_on_what_was_sent_in_the_same_step(scene, driver, make):
    first = make.item("a", tracking=Tracking(unfinished=scene.sent(1)), emissions=(make.emission("a", T + 1),))
    second = make.item("a", first.record, tracking=first.record.tracking, rests_on=scene.sent(1))
    assert [answer.stored for answer in driver.records.step([first, second])] == [True, True]


@pytest.mark.parametrize("way", ["dead", "vanished"])
def test_an_item_that_rests_on_what_is_gone_does_nothing_but_tell_the_record(scene, way):
    scene.queued()
    former = scene.record()
    gone = scene.sent(1)
    if way == "dead":
        # As by a worker of a beatd that knows nothing of this.
        (delivery,) = scene.take()
        scene.driver.receiver.settle(delivery, scene.make.outcome("dead", "FAILURE"))
        scene.move(unfinished=1, held=2)
        former = scene.record()
    else:
        gone = Sent(message_id("tests", "a", 1, T + 9), T + 9, T)
        tracking = replace(former.tracking, unfinished=gone)
        scene.driver.records.step([scene.make.item("a", former, tracking=tracking)])
        former = scene.record()
    skipped = scene.make.disposition("a", T + 3, T + 3, 1, "overlap_skipped")
    item = scene.make.item("a", former, tracking=former.tracking, rests_on=gone, dispositions=(skipped,))
    again = scene.make.item("a", item.record)
    told, lost = scene.driver.records.step([item, again])
    assert (told.stored, lost.stored) == (False, False)
    assert told.record == lost.record == scene.record()
    assert told.record.seq not in {former.seq, item.record.seq}
    assert (told.record.tracking.unfinished.id, told.record.tracking.held) == (scene.sent(2).id, None)
    assert all(run.state != "overlap_skipped" for run in scene.driver.history.runs())


def test_a_time_out_is_noted_with_the_fire_and_stays_when_its_outcome_is_forgotten(scene):
    scene.fire(1, unfinished=1)
    scene.fire(2, unfinished=2, timed_out=scene.sent(1))
    reasons = {run.fire_time: run.reason for run in scene.driver.history.runs(entry="a")}
    assert reasons == {T + 1: "overlap_timeout: not waited for any longer", T + 2: None}
    (first, _) = scene.take()
    scene.driver.receiver.settle(first, scene.make.outcome())
    scene.driver.outcomes.forget(first.message.id)
    runs = {run.fire_time: (run.state, run.reason) for run in scene.driver.history.runs(entry="a")}
    assert runs[T + 1] == ("success", "overlap_timeout: not waited for any longer")


# ---------------------------------------------------------------- failures


def test_failures_in_a_row_pause_the_entry_with_a_note_and_an_open_range(scene):
    for second in (1, 2, 3):
        scene.fire(second, pause_after=2, failures=0)
    first, second, third = scene.take()
    fails = scene.make.outcome("done", "FAILURE", reason="ValueError: no stock")
    scene.driver.receiver.settle(first, fails)
    scene.driver.receiver.settle(second, scene.make.outcome())
    assert scene.record().tracking.failures == 0
    scene.fire(4, pause_after=2, failures=1)
    mark, _ = scene.driver.records.noticed(0)
    scene.driver.receiver.settle(third, fails)
    record = scene.record()
    assert (record.open, record.pause.by, record.tracking.failures) == (Reason.PAUSED, "beatd", 2)
    assert record.pause.note.endswith("ValueError: no stock")
    assert record.cursor == T + 4
    (run,) = [run for run in scene.driver.history.runs(entry="a") if run.state == "paused"]
    assert (run.fire_time, run.last) == (T + 5, None)
    assert list(scene.driver.records.noticed(mark)[1]) == ["a"]


def test_a_trigger_neither_fails_nor_releases(scene):
    scene.fire(1, unfinished=1, pause_after=1)
    scene.driver.sender.send(scene.make.message(entry="a", fire_time=T + 1))
    former = scene.record()
    _, trigger = scene.take()
    scene.driver.receiver.settle(trigger, scene.make.outcome("done", "FAILURE"))
    assert scene.record() == former


def test_the_ends_of_entries_that_ask_for_nothing_leave_their_records_alone(scene):
    scene.fire(1)
    former = scene.record()
    (delivery,) = scene.take()
    scene.driver.receiver.settle(delivery, scene.make.outcome("done", "FAILURE"))
    assert scene.record() == former


def test_a_settlement_makes_the_item_of_who_read_the_record_before_it_fail(scene):
    scene.queued()
    former = scene.record()
    (delivery,) = scene.take()
    scene.driver.receiver.settle(delivery, scene.make.outcome())
    item = scene.make.item("a", former, tracking=former.tracking, cursor=T + 3)
    (answer,) = scene.driver.records.step([item])
    assert (answer.stored, answer.record) == (False, scene.record())
