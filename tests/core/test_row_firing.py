"""What is different for a version of a row: its life, its record made with its first fire, its errors judged here."""

import pytest
from msgspec.structs import replace

from beatd.core.entry import DAY, SECOND, Entry, Misfire, Version
from beatd.core.firing import Moment, decide, forward, is_late, made, next_moment, paused, resumed, succeed_lost
from beatd.core.line import compiled, owns_otherwise
from beatd.core.record import Pause, Reason, Record, Sent, Tracking
from beatd.core.settling import Rules
from tests.core.test_firing import HOUR, START, drain, fires, ranges
from tests.core.test_firing import version as of_file

LIFE = START - DAY
RULES = Rules("beatd", late_after=60 * SECOND)


def at(seconds):
    return START + round(seconds * SECOND)


def row(number=1, since=0, life=LIFE, *, error=None, gone=False, **fields):
    entry = None if error or gone else Entry(**{"name": "e", "task": "t", "schedule": "every 10s", **fields})
    told = {"name": "e", "number": number, "changed_at": at(since), "fingerprint": number * 7}
    return compiled(Version(**told, entry=entry, error=error, generation=life))


def record(cursor=START, **fields):
    told = {"seq": 1, "generation": LIFE, "version": 1, "fingerprint": 7, "since": START}
    return Record(**{**told, "cursor": cursor, **fields})


# ---------------------------------------------------------------- a record comes with the first fire


def test_a_new_row_has_no_record_before_its_first_fire() -> None:
    line = [row()]
    assert next_moment(line, None, at(3)) == at(10)
    assert decide("e", line, None, Moment(at(9), 2), RULES) is None
    item = decide("e", line, None, Moment(at(25), 2), RULES)
    assert fires(item) == [10, 20]
    assert (item.expected, item.takes_in, item.of_row, item.begins) == (None, True, True, START)
    told = (item.record.generation, item.record.version, item.record.fingerprint, item.record.since, item.record.cursor)
    assert told == (LIFE, 1, 7, START, at(20))
    assert item.record.runs == 2


def test_where_a_record_begins_does_not_hang_on_when_it_is_made() -> None:
    line = [row(schedule="every 7s")]
    items = [decide("e", line, None, Moment(at(now), 2, installed=at(9)), RULES) for now in (14, 29, 58)]
    assert {item.begins for item in items} == {at(9)}
    assert {next_moment(line, None, at(now), at(9)) for now in (9, 14, 58)} == {at(14)}


def test_a_state_from_the_future_and_a_row_from_the_future_begin_now() -> None:
    assert next_moment([row()], None, at(3), installed=at(99)) == at(10)
    assert next_moment([row(since=99)], None, at(3)) == at(10)
    assert decide("e", [row(since=99)], None, Moment(at(10), 2), RULES) is None


@pytest.mark.parametrize("fields", [{"enabled": False}, {"schedule": "at 2020-01-01T00:00Z"}, {"ends_at": START}])
def test_a_row_that_never_fires_has_no_record(fields) -> None:
    assert next_moment([row(**fields)], None, at(3)) is None
    assert decide("e", [row(**fields)], None, Moment(at(DAY), 2), RULES) is None


@pytest.mark.parametrize(
    "line",
    [
        [row(error="bad zone")],
        [row(), row(2, 5)],
        [row(), row(2, 5, gone=True)],
        [of_file()],
    ],
    ids=["an error", "two versions", "a removal", "a file"],
)
def test_anything_else_has_its_record_at_once(line) -> None:
    assert next_moment(line, None, at(6)) == at(6)
    item = decide("e", line, None, Moment(at(6), 2), RULES)
    assert (item.record.version, item.emissions, item.of_row) == (1, (), line[0].version.generation is not None)


def test_a_row_that_is_gone_and_never_fired_needs_none() -> None:
    assert next_moment([row(gone=True)], None, at(3)) is None
    assert decide("e", [row(gone=True)], None, Moment(at(3), 2), RULES) is None


def test_a_first_fire_may_be_late_like_any_other() -> None:
    line = [row()]
    assert not is_late(line, None, Moment(at(70), 0), RULES.late_after)
    assert is_late(line, None, Moment(at(71), 0), RULES.late_after)
    assert not is_late([row(error="bad")], None, Moment(at(HOUR), 0), RULES.late_after)
    item = decide("e", line, None, Moment(START + HOUR, 2), RULES)
    assert (fires(item), ranges(item)) == ([3600], [("coalesced", 10, 3590, 359)])
    assert ranges(decide("e", [row(misfire=Misfire.SKIP)], None, Moment(START + HOUR, 2), RULES))[0][0] == "missed"
    assert decide("e", [row(misfire=Misfire.ALL)], None, Moment(START + HOUR, 2), RULES).record.backlog is not None


def test_a_first_fire_is_tracked_and_counted_like_any_other() -> None:
    item = decide("e", [row(overlap="skip", max_runs=1)], None, Moment(at(12), 2), RULES)
    assert item.record.tracking.unfinished == Sent(item.emissions[0].message.id, at(10), at(12))
    assert item.record.open is Reason.LIMIT_REACHED


def test_a_first_fire_that_is_refused_is_on_record() -> None:
    item = decide("e", [row()], None, Moment(at(12), 2, refused={at(10): "too large"}), RULES)
    assert (item.expected, ranges(item)) == (None, [("refused", 10, 10, 1)])


def test_what_a_row_without_a_record_owes_is_forwarded_in_one_item() -> None:
    item = forward("e", [row()], None, Moment(at(99), 2), (at(50), "moved"))
    assert (item.expected, item.of_row, item.begins, item.record.cursor) == (None, True, START, at(50))
    assert ranges(item) == [("forwarded", 10, 50, 5)]
    assert forward("e", [row()], None, Moment(at(99), 2), (at(5), "moved")) is None


def test_whoever_pauses_a_row_that_has_no_record_makes_one() -> None:
    item = made("e", [row()], Moment(at(12), 2))
    assert (item.of_row, item.record.version, item.record.cursor, item.emissions) == (True, 1, START, ())
    assert made("e", [row(gone=True)], Moment(at(12), 2)) is None


# ---------------------------------------------------------------- lives


def test_a_row_that_comes_back_begins_a_life_of_its_own() -> None:
    line = [row(), row(2, 25, gone=True), row(3, 55, life=LIFE + 9)]
    items, rec = drain(line, record(runs=7, pause=None), at(70))
    assert [item.of_row for item in items] == [False, True, True, False]
    assert (items[1].record.removed, items[1].record.generation) == (True, LIFE)
    assert (rec.generation, rec.runs) == (LIFE + 9, 2)


def test_a_life_that_nobody_saw_end_ends_where_the_next_begins() -> None:
    sent, held = Sent("one", at(10), at(10)), Sent("two", at(20), at(20))
    rec = record(
        at(20),
        runs=7,
        open=Reason.PAUSED,
        pause=Pause("me", START, ""),
        tracking=Tracking(unfinished=sent, held=held),
    )
    former, latter = row(overlap="queue_one"), row(2, 25, life=LIFE + 9, overlap="queue_one")
    assert owns_otherwise(former, latter)
    item = decide("e", [former, latter], rec, Moment(at(30), 5), RULES)
    told = item.record
    assert (told.generation, told.runs, told.pause, told.tracking, told.open) == (LIFE + 9, 0, None, None, None)
    assert (item.closes.generation, item.closes.last) == (LIFE, at(25))
    assert item.cancels == (("two", "the entry was removed"),)


def test_a_row_takes_over_from_the_set_and_the_set_from_a_row() -> None:
    line = [of_file(), replace_number(of_file(there=False), 2, 25), row(3, 55)]
    items, rec = drain(line, replace(record(), generation=1), at(70))
    assert (rec.generation, fires(items[-1])) == (LIFE, [60, 70])
    back = [row(), row(2, 25, gone=True), of_file(3, at(55))]
    _, rec = drain(back, record(), at(70))
    assert rec.generation == LIFE + 1


def replace_number(each, number, seconds):
    told = each.version
    return compiled(Version(name="e", number=number, changed_at=at(seconds), fingerprint=told.fingerprint))


def test_an_edit_of_other_fields_is_taken_in_with_the_next_fire() -> None:
    (item,), rec = drain([row(), row(2, 15, args=["new"])], record(), at(25))
    assert (item.takes_in, item.of_row, item.begins, rec.version) == (True, True, START, 2)


def test_raising_max_runs_takes_the_edit_in() -> None:
    rec = record(at(20), runs=2, open=Reason.LIMIT_REACHED)
    item = decide("e", [row(max_runs=2), row(2, 25, max_runs=3)], rec, Moment(at(30), 5), RULES)
    assert (item.takes_in, item.of_row, item.record.version, item.record.open) == (True, True, 2, None)


# ---------------------------------------------------------------- rows that cannot be used


def test_a_row_that_was_turned_bad_is_an_open_range_until_it_is_mended() -> None:
    line = [row(), row(2, 25, error="bad zone"), row(3, 55)]
    items, _ = drain(line, record(), at(70))
    assert ranges(items[1]) == [("quarantined", 25.000001, None, None)]
    assert items[2].closes.last == at(55)
    assert [fire for item in items for fire in fires(item)] == [10, 20, 60, 70]


def test_a_version_in_force_is_not_turned_bad_by_who_cannot_read_it() -> None:
    line = [row(error="no such zone")]
    for rec in (record(), record(open=Reason.PAUSED), record(open=Reason.LIMIT_REACHED)):
        assert decide("e", line, rec, Moment(at(30), 5), RULES) is None
        assert decide("e", [*line, row(2, 20)], rec, Moment(at(30), 5), RULES) is None
        assert forward("e", line, rec, Moment(at(30), 5), (at(30), "moved")) is None
        assert next_moment(line, rec, at(30)) is None
        assert not is_late(line, rec, Moment(at(HOUR), 0), RULES.late_after)


def test_whoever_can_read_a_row_ends_its_quarantine_now() -> None:
    rec = record(at(12), open=Reason.QUARANTINED)
    assert next_moment([row()], rec, at(35)) == at(35)
    item = decide("e", [row()], rec, Moment(at(35), 5), RULES)
    assert (item.closes.first, item.closes.last, item.closes.count) == (at(12) + 1, at(35), 2)
    assert (item.record.open, item.record.cursor, item.takes_in, item.emissions) == (None, at(35), False, ())
    assert next_moment([row()], item.record, at(35)) == at(40)
    # And whoever cannot leaves it so.
    assert decide("e", [row(error="bad")], item.record, Moment(at(50), 6), RULES) is None


def test_a_pause_outlasts_a_quarantine() -> None:
    rec = record(at(12), open=Reason.QUARANTINED, pause=Pause("me", START, ""))
    item = decide("e", [row()], rec, Moment(at(35), 5), RULES)
    assert item.record.open is Reason.PAUSED
    assert ranges(item) == [("paused", 35.000001, None, None)]


def test_a_quarantine_of_the_set_is_the_stores_word() -> None:
    rec = record(at(12), open=Reason.QUARANTINED)
    assert decide("e", [of_file()], rec, Moment(at(35), 5), RULES) is None


def test_resuming_a_row_that_cannot_be_read_here_does_not_turn_it_bad() -> None:
    held = paused("e", record(at(12)), Pause("me", at(15), ""), 5).record
    item = resumed("e", row(error="bad"), held, at(35), 6)
    assert (item.record.open, item.record.cursor, item.dispositions) == (None, at(35), ())
    assert (item.closes.last, item.closes.count) == (at(35), None)


# ---------------------------------------------------------------- a version that was lost


def test_a_row_that_went_back_behind_its_record_goes_on_once_it_was_touched() -> None:
    rec = record(at(20), version=5, fingerprint=9)
    line = [row(1), row(6, 40)]
    assert decide("e", line, rec, Moment(at(50), 5), RULES) is None
    item = succeed_lost("e", line, rec, Moment(at(50), 5))
    assert (item.record.version, item.record.generation, item.of_row, item.begins) == (6, LIFE, True, at(40))
    assert ranges(item) == [("unknown", 20.000001, 40, None)]


def test_a_lost_version_is_succeeded_though_what_has_its_number_is_bad() -> None:
    item = succeed_lost("e", [row(error="bad"), row(2, 40)], record(at(20), fingerprint=9), Moment(at(50), 5))
    assert item.record.version == 2


def test_a_row_that_is_gone_without_a_word_is_succeeded_by_its_removal() -> None:
    item = succeed_lost("e", [row(6, 40, life=0, gone=True)], record(at(20), version=5), Moment(at(50), 5))
    assert (item.record.removed, item.record.generation, item.of_row) == (True, LIFE, True)
