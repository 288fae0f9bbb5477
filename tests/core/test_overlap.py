import pytest
from msgspec.structs import replace

from beatd.core.ending import End, Ending, end_of, ended
from beatd.core.entry import SECOND
from beatd.core.firing import Moment, decide, next_moment, paused, resumed
from beatd.core.identity import message_id
from beatd.core.record import Pause, Reason, Sent, Tracking
from beatd.core.settling import Rules
from beatd.core.states import Outcome, State, Verdict
from tests.core.test_firing import HOUR, START, drain, fires, ranges, record, removal, version

# In these tests nothing is late unless a test says so.
RULES = Rules("beatd", late_after=HOUR)


def sent(seconds, since=None):
    """The message of a fire, in seconds from the start."""
    fire_time = START + seconds * SECOND
    since = fire_time if since is None else START + since * SECOND
    return Sent(message_id("beatd", "e", 1, fire_time), fire_time, since)


def tracked(cursor=0, **tracking):
    return record(cursor=START + cursor * SECOND, tracking=Tracking(**tracking))


def at(seconds):
    return START + seconds * SECOND


def end(rec, seconds, kind=End.SUCCESS, *, now=None, reason=None):
    each = sent(seconds)
    ending = Ending("e", each.id, each.fire_time, kind, reason)
    return ended("beatd", rec, ending, now=at(seconds if now is None else now), seq=77)


def step(line, rec, seconds, rules=RULES):
    """The one item that is decided at a moment, and nothing after it."""
    (item,), _ = drain(line, rec, at(seconds), rules)
    return item


# ---------------------------------------------------------------- skip


def test_an_entry_that_asks_for_nothing_keeps_nothing_in_mind() -> None:
    assert step([version()], record(), 10).record.tracking is None


def test_skip_emits_the_first_fire_and_keeps_it_in_mind() -> None:
    item = step([version(overlap="skip")], record(), 10)
    assert fires(item) == [10]
    assert item.record.tracking == Tracking(unfinished=sent(10))
    assert item.rests_on is None


def test_skip_passes_over_what_comes_while_the_former_has_not_ended() -> None:
    item = step([version(overlap="skip")], tracked(10, unfinished=sent(10)), 30)
    assert (fires(item), ranges(item)) == ([], [("overlap_skipped", 20, 30, 2)])
    assert item.record.cursor == at(30)
    assert item.rests_on == sent(10)
    assert item.record.runs == 0


def test_skip_emits_one_of_several_that_are_due_at_once() -> None:
    item = step([version(overlap="skip")], record(), 35)
    assert (fires(item), ranges(item)) == ([10], [("overlap_skipped", 20, 30, 2)])
    assert item.rests_on is None


def test_skip_emits_again_once_the_former_has_ended() -> None:
    rec = end(tracked(10, unfinished=sent(10)), 10).record
    assert rec.tracking is None
    assert fires(step([version(overlap="skip")], rec, 20)) == [20]


def test_a_message_is_not_waited_for_beyond_the_time_out_and_that_is_told() -> None:
    line = [version(overlap="skip", overlap_timeout=15 * SECOND)]
    item = step(line, tracked(10, unfinished=sent(10)), 25)
    assert fires(item) == [20]
    assert (item.timed_out, item.rests_on) == (sent(10), sent(10))
    assert item.record.tracking.unfinished == sent(20, since=25)
    assert ranges(step(line, tracked(10, unfinished=sent(10)), 24)) == [("overlap_skipped", 20, 20, 1)]


# ---------------------------------------------------------------- queue_one


def test_queue_one_holds_one_fire_and_passes_over_those_that_follow() -> None:
    item = step([version(overlap="queue_one")], tracked(10, unfinished=sent(10)), 45)
    assert (fires(item), ranges(item)) == ([20], [("overlap_skipped", 30, 40, 2)])
    assert item.record.tracking == Tracking(unfinished=sent(10), held=sent(20, since=45))
    assert item.record.runs == 1


def test_whatever_ends_the_former_releases_the_held_one() -> None:
    rec = tracked(20, unfinished=sent(10), held=sent(20))
    for kind in End:
        item = end(rec, 10, kind, now=33)
        assert item.releases == (sent(20).id,)
        assert item.record.tracking == Tracking(unfinished=sent(20, since=33))
        assert (item.record.seq, item.expected, item.notice, item.record.cursor) == (77, 1, True, rec.cursor)


def test_a_held_message_that_ends_itself_is_not_held_any_more() -> None:
    item = end(tracked(20, unfinished=sent(10), held=sent(20)), 20, End.NEITHER)
    assert (item.releases, item.record.tracking) == ((), Tracking(unfinished=sent(10)))


def test_the_wait_of_a_held_message_ends_at_the_time_out_though_nothing_is_due() -> None:
    line = [version(schedule="0 8 * * *", overlap="queue_one", overlap_timeout=100 * SECOND)]
    rec = tracked(20, unfinished=sent(10), held=sent(20))
    assert next_moment(line, rec, at(30)) == at(110)
    item = step(line, rec, 110)
    assert (item.releases, item.timed_out, item.rests_on) == ((sent(20).id,), sent(10), sent(10))
    assert item.record.tracking == Tracking(unfinished=sent(20, since=110))
    assert next_moment(line, item.record, at(110)) > at(1000)


@pytest.mark.parametrize("reason", [Reason.PAUSED, Reason.LIMIT_REACHED])
def test_a_held_message_goes_on_in_a_pause_and_beyond_the_limit(reason) -> None:
    line = [version(overlap="queue_one", overlap_timeout=100 * SECOND, max_runs=2)]
    rec = replace(tracked(20, unfinished=sent(10), held=sent(20)), open=reason, runs=2)
    assert end(rec, 10).releases == (sent(20).id,)
    assert next_moment(line, rec, at(50)) == at(110)
    item = step(line, rec, 110)
    assert (item.releases, item.record.open) == ((sent(20).id,), reason)


def test_a_held_fire_counts_for_max_runs() -> None:
    item = step([version(overlap="queue_one", max_runs=2)], replace(tracked(10, unfinished=sent(10)), runs=1), 45)
    assert fires(item) == [20]
    assert ranges(item) == [("limit_reached", pytest.approx(20, abs=0.01), None, None)]
    assert item.record.tracking.held is not None


# ---------------------------------------------------------------- cancel_previous


def test_cancel_previous_ends_the_former_and_emits() -> None:
    item = step([version(overlap="cancel_previous")], tracked(10, unfinished=sent(10)), 20)
    assert fires(item) == [20]
    assert item.cancels == ((sent(10).id, "cancelled by the next fire"),)
    assert item.record.tracking == Tracking(unfinished=sent(20))


def test_of_several_due_at_once_cancel_previous_leaves_the_newest() -> None:
    item = step([version(overlap="cancel_previous")], record(), 35)
    assert fires(item) == [10, 20, 30]
    assert [each for each, _ in item.cancels] == [sent(10).id, sent(20).id]
    assert item.record.tracking.unfinished.id == sent(30).id


# ---------------------------------------------------------------- late fires, expiry, refusal


def test_the_newest_of_what_is_late_is_judged_like_any_other() -> None:
    item = step([version(overlap="skip")], tracked(10, unfinished=sent(10)), 3600, Rules("beatd", 60 * SECOND))
    assert ranges(item) == [("coalesced", 20, 3590, 358), ("overlap_skipped", 3600, 3600, 1)]
    assert item.record.cursor == at(3600)


def test_a_backlog_under_queue_one_emits_one_holds_one_and_passes_over_the_rest() -> None:
    items, rec = drain([version(misfire="all", overlap="queue_one")], record(), at(3600), Rules("beatd", 60 * SECOND))
    assert [fires(item) for item in items] == [[10, 20], [], [], []]
    assert [ranges(item) for item in items] == [
        [("overlap_skipped", 30, 1000, 98)],
        [("overlap_skipped", 1010, 2000, 100)],
        [("overlap_skipped", 2010, 3000, 100)],
        [("overlap_skipped", 3010, 3600, 60)],
    ]
    assert rec.backlog is None


def test_what_has_expired_is_not_held_against_the_former() -> None:
    line = [version(overlap="skip", expires=15 * SECOND)]
    item = step(line, tracked(10, unfinished=sent(10)), 45)
    assert ranges(item) == [("expired", 20, 30, 2), ("overlap_skipped", 40, 40, 1)]


def test_a_refused_fire_does_not_take_the_place_of_the_next() -> None:
    moment = Moment(at(25), 5, refused={at(10): "too large"})
    item = decide("e", [version(overlap="skip")], record(), moment, RULES)
    assert (fires(item), ranges(item)) == ([20], [("refused", 10, 10, 1)])


# ---------------------------------------------------------------- edits


@pytest.mark.parametrize("policy", ["allow", "cancel_previous", "skip"])
def test_an_item_under_another_policy_leaves_nothing_held(policy) -> None:
    line = [version(overlap="queue_one"), version(2, at=at(25), overlap=policy)]
    item = step(line, tracked(20, unfinished=sent(10), held=sent(20)), 30)
    after = item.record.tracking
    if policy == "allow":
        assert (fires(item), item.releases, after) == ([30], (sent(20).id,), None)
    elif policy == "skip":
        # It emits nothing, so whatever ends the former releases the held one.
        assert (fires(item), after.held) == ([], sent(20))
    else:
        assert fires(item) == [30]
        assert [each for each, _ in item.cancels] == [sent(10).id, sent(20).id]
        assert after == Tracking(unfinished=sent(30))


def test_what_was_emitted_before_the_policy_is_not_waited_for() -> None:
    line = [version(), version(2, at=at(15), overlap="skip")]
    assert fires(step(line, record(cursor=at(10)), 20)) == [20]


def test_the_unfinished_and_the_held_pass_on_to_another_schedule_and_to_a_broken_one() -> None:
    rec = tracked(20, unfinished=sent(10), held=sent(20))
    for latter in (version(2, at=at(25), overlap="queue_one", schedule="every 1h"), version(2, at=at(25), error="bad")):
        _, after = drain([version(overlap="queue_one"), latter], rec, at(26))
        assert (after.version, after.tracking) == (2, rec.tracking)


def test_a_removal_revokes_what_is_held_and_a_name_that_comes_back_knows_of_nothing() -> None:
    rec = tracked(20, unfinished=sent(10), held=sent(20), failures=1, pause_after=3)
    line = [version(overlap="queue_one"), removal(2, at(25)), version(3, at=at(26), overlap="queue_one")]
    items, after = drain(line, rec, at(27))
    assert items[0].cancels == ((sent(20).id, "the entry was removed"),)
    assert items[0].record.tracking is None
    assert (after.generation, after.tracking) == (2, None)


# ---------------------------------------------------------------- ends


def test_only_scheduled_messages_of_this_generation_are_told_of() -> None:
    rec = tracked(10, unfinished=sent(10), pause_after=1)
    trigger = Ending("e", "0b8f4f3e-6b6d-4d0a-9c88-9c2c9d6d2f31", at(10), End.FAILURE)
    former = Ending("e", message_id("beatd", "e", 0, at(10)), at(10), End.FAILURE)
    assert [ended("beatd", rec, each, now=0, seq=7) for each in (trigger, former)] == [None, None]
    assert end(record(), 10) is None
    assert end(tracked(20, unfinished=sent(20)), 10) is None


@pytest.mark.parametrize(
    ("verdict", "state", "found"),
    [
        ("done", "SUCCESS", End.SUCCESS),
        ("done", "FAILURE", End.FAILURE),
        ("dead", "FAILURE", End.FAILURE),
        ("done", "REVOKED", End.NEITHER),
        ("retry", "RETRY", None),
        ("done", "STARTED", None),
    ],
)
def test_a_retry_and_a_start_are_no_ends(verdict, state, found) -> None:
    assert end_of(Outcome(verdict=Verdict(verdict), state=State(state))) is found


def test_failures_in_a_row_pause_the_entry_and_say_which_was_the_last() -> None:
    rec = tracked(30, pause_after=2)
    first = end(rec, 10, End.FAILURE)
    assert (first.record.tracking.failures, first.record.pause, first.dispositions) == (1, None, ())
    second = end(first.record, 20, End.FAILURE, reason="ValueError: no stock")
    assert second.record.open is Reason.PAUSED
    assert ranges(second)[0][0] == "paused"
    assert second.dispositions[0].first == rec.cursor + 1
    assert (second.record.pause.by, second.record.pause.at) == ("beatd", at(20))
    note = "2 failures in a row, the last at 2026-01-01T00:00:20Z: ValueError: no stock"
    assert second.record.pause.note == note
    assert second.notice


def test_a_success_begins_the_count_anew_and_a_revoked_message_does_not() -> None:
    rec = tracked(30, failures=2, pause_after=3)
    assert end(rec, 10).record.tracking.failures == 0
    assert end(rec, 10, End.NEITHER) is None


def test_a_limit_lowered_below_the_count_is_reached_with_the_next_failure_and_by_nothing_else() -> None:
    rec = tracked(20, unfinished=sent(10), held=sent(20), failures=2, pause_after=1)
    item = end(rec, 10, End.NEITHER)
    assert (item.releases, item.record.pause) == ((sent(20).id,), None)
    assert end(item.record, 20, End.FAILURE).record.pause.note.startswith("3 failures in a row")


def test_resuming_begins_the_count_anew() -> None:
    rec = end(tracked(30, pause_after=1), 10, End.FAILURE).record
    item = resumed("e", version(pause_after_failures=1), rec, at(40), 9)
    assert (item.record.tracking.failures, item.record.open, item.record.pause) == (0, None, None)


def test_failures_under_a_pause_or_a_limit_are_a_mark_only() -> None:
    rec = replace(tracked(30, pause_after=1), open=Reason.LIMIT_REACHED)
    item = end(rec, 10, End.FAILURE)
    assert (item.record.open, item.record.pause.by, item.dispositions) == (Reason.LIMIT_REACHED, "beatd", ())
    by_hand = paused("e", tracked(30, pause_after=1), Pause("ana", at(1), "why"), 4).record
    assert end(by_hand, 10, End.FAILURE).record.pause.by == "ana"


def test_failures_count_whatever_the_policy_and_each_message_counts() -> None:
    item = step([version(pause_after_failures=2)], record(), 25)
    assert fires(item) == [10, 20]
    rec = item.record
    assert rec.tracking == Tracking(pause_after=2)
    rec = end(rec, 20, End.FAILURE).record
    assert end(rec, 10, End.FAILURE).record.open is Reason.PAUSED


def test_an_edit_to_never_pause_forgets_the_failures_with_the_next_item() -> None:
    line = [version(pause_after_failures=3), version(2, at=at(15))]
    assert step(line, tracked(10, failures=2, pause_after=3), 20).record.tracking is None
