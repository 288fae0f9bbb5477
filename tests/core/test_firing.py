import pytest
from msgspec.structs import replace

from beatd.core.entry import DAY, SECOND, Entry, Misfire, Version
from beatd.core.firing import Moment, decide, next_moment, paused, resumed
from beatd.core.line import compiled
from beatd.core.record import Pause, Reason, Record
from beatd.core.settling import Rules

START = 1_767_225_600 * SECOND
HOUR = 3600 * SECOND
RULES = Rules("beatd", late_after=60 * SECOND)


def version(number=1, at=START, *, error=None, **fields):
    entry = (
        Entry(**{"name": "e", "task": "t", "schedule": "every 10s", **fields}) if fields.pop("there", True) else None
    )
    entry = None if error else entry
    return compiled(Version(name="e", number=number, changed_at=at, fingerprint=number * 7, entry=entry, error=error))


def removal(number, at):
    return compiled(Version(name="e", number=number, changed_at=at, fingerprint=0))


def record(cursor=START, **fields):
    return Record(
        **{"seq": 1, "generation": 1, "version": 1, "fingerprint": 7, "since": START, "cursor": cursor, **fields}
    )


def fires(item):
    return [(each.fire_time - START) / SECOND for each in item.emissions]


def ranges(item):
    return [
        (str(each.reason), (each.first - START) / SECOND, each.last and (each.last - START) / SECOND, each.count)
        for each in item.dispositions
    ]


def drain(line, rec, now, rules=RULES):
    """Decide until nothing is left, as a scheduler does."""
    items = []
    for seq in range(100, 10_000):
        item = decide("e", line, rec, Moment(now, seq), rules)
        if item is None:
            return items, rec
        assert item.expected == (rec.seq if rec else None)
        items.append(item)
        rec = item.record
        assert item.following in (None, next_moment(line, rec, now))
    pytest.fail("never done")


def test_a_new_entry_owes_nothing_from_before_it_was_made() -> None:
    items, rec = drain([version()], None, START + 5 * SECOND)
    assert [fires(item) for item in items] == [[]]
    assert (rec.since, rec.cursor, rec.generation, rec.version) == (START, START, 1, 1)
    assert items[0].takes_in


def test_an_entry_older_than_the_state_begins_with_the_state() -> None:
    item = decide("e", [version()], None, Moment(START + DAY, 2, installed=START + HOUR), RULES)
    assert item.record.since == START + HOUR


def test_what_is_due_is_emitted_and_the_cursor_ends_on_the_last_fire() -> None:
    (item,), rec = drain([version()], record(), START + 25 * SECOND)
    assert fires(item) == [10, 20]
    assert rec.cursor == START + 20 * SECOND
    assert next_moment([version()], rec, START + 25 * SECOND) == START + 30 * SECOND
    assert item.following == START + 30 * SECOND


def test_nothing_is_coalesced_before_it_is_late() -> None:
    (item,), _ = drain([version(misfire=Misfire.SKIP)], record(), START + 69 * SECOND)
    assert fires(item) == [10, 20, 30, 40, 50, 60]
    assert item.dispositions == ()


def test_latest_emits_the_newest_and_puts_the_rest_on_record_as_one_range() -> None:
    (item,), rec = drain([version()], record(), START + HOUR)
    assert fires(item) == [3600]
    assert ranges(item) == [("coalesced", 10, 3590, 359)]
    assert rec.cursor == START + HOUR


def test_skip_emits_nothing_that_is_late() -> None:
    (item,), rec = drain([version(misfire=Misfire.SKIP)], record(), START + HOUR)
    assert fires(item) == []
    assert ranges(item) == [("missed", 10, 3600, 360)]
    assert rec.cursor == START + HOUR


def test_all_emits_each_oldest_first_in_chunks_under_terms_judged_once() -> None:
    items, rec = drain([version(misfire=Misfire.ALL)], record(), START + HOUR)
    assert [len(item.emissions) for item in items] == [100, 100, 100, 60]
    assert [fire for item in items for fire in fires(item)] == [10.0 * n for n in range(1, 361)]
    assert items[0].record.backlog is not None
    assert rec.backlog is None


def test_all_drops_what_is_older_than_the_grace() -> None:
    items, _ = drain([version(misfire=Misfire.ALL, grace=HOUR)], record(), START + 2 * HOUR)
    assert ranges(items[0]) == [("missed", 10, 3590, 359)]
    assert fires(items[0])[0] == 3600
    assert sum(len(item.emissions) for item in items) == 361


def test_all_keeps_only_the_newest_of_the_catch_up_limit() -> None:
    items, _ = drain([version(misfire=Misfire.ALL, catch_up_limit=5)], record(), START + HOUR)
    assert fires(items[0]) == [3560, 3570, 3580, 3590, 3600]
    assert ranges(items[0]) == [("missed", 10, 3550, 355)]


def test_the_terms_of_a_backlog_hold_for_whoever_drains_on() -> None:
    line = [version(misfire=Misfire.ALL, grace=HOUR)]
    first = decide("e", line, record(), Moment(START + HOUR, 2), RULES)
    items, _ = drain(line, first.record, START + 3 * HOUR)
    # Found when it was an hour old, so all of it is emitted, though it is older than the grace by now.
    assert fires(items[0])[0] == 1010
    assert sum(len(item.emissions) for item in items[:3]) == 260


def test_a_fire_past_its_expiry_ends_expired() -> None:
    (item,), _ = drain([version(expires=15 * SECOND)], record(), START + 45 * SECOND)
    assert ranges(item) == [("expired", 10, 30, 3)]
    assert fires(item) == [40]


def test_max_runs_ends_the_entry_with_an_open_range() -> None:
    (item,), rec = drain([version(max_runs=2)], record(), START + 55 * SECOND)
    assert fires(item) == [10, 20]
    assert rec.open is Reason.LIMIT_REACHED
    assert item.dispositions[-1].last is None
    assert item.dispositions[-1].first == START + 20 * SECOND + 1


def test_raising_max_runs_goes_on_from_now() -> None:
    rec = record(START + 20 * SECOND, runs=2, open=Reason.LIMIT_REACHED)
    items, rec = drain([version(max_runs=3)], rec, START + 100 * SECOND)
    assert (items[0].closes.first, items[0].closes.last) == (START + 20 * SECOND + 1, START + 100 * SECOND)
    assert items[0].closes.count == 8
    assert rec.open is None


def test_an_edit_first_settles_what_the_former_version_owed() -> None:
    line = [version(), version(2, START + 25 * SECOND, schedule="every 7s")]
    items, rec = drain(line, record(), START + 40 * SECOND)
    assert [fires(item) for item in items] == [[10, 20], [], [28, 35]]
    assert items[1].takes_in
    assert rec.since == START + 25 * SECOND


def test_an_edit_noticed_late_begins_after_what_the_former_has_fired_meanwhile() -> None:
    line = [version(), version(2, START + 25 * SECOND, schedule="every 7s")]
    items, rec = drain(line, record(START + 50 * SECOND), START + 60 * SECOND)
    assert rec.since == START + 50 * SECOND
    assert [fire for item in items for fire in fires(item)] == [56]


def test_no_version_is_left_out() -> None:
    line = [
        version(),
        version(2, START + 15 * SECOND, schedule="every 7s"),
        version(3, START + 30 * SECOND, schedule="every 11s"),
    ]
    items, _ = drain(line, record(), START + 40 * SECOND)
    assert [item.record.version for item in items if item.takes_in] == [2, 3]
    assert [fire for item in items for fire in fires(item)] == [10, 21, 28, 36]


def test_an_edit_of_other_fields_settles_nothing_and_rules_from_the_next_item() -> None:
    line = [version(), version(2, START + 15 * SECOND, args=["new"])]
    (item,), rec = drain(line, record(), START + 25 * SECOND)
    assert fires(item) == [10, 20]
    assert b'"new"' in item.emissions[0].message.body
    assert (rec.version, rec.since) == (2, START)


def test_a_removal_settles_leaves_a_tombstone_and_a_return_is_a_new_generation() -> None:
    line = [version(), removal(2, START + 25 * SECOND), version(3, START + 55 * SECOND)]
    items, rec = drain(line, record(runs=7), START + 70 * SECOND)
    assert [fires(item) for item in items] == [[10, 20], [], [], [60, 70]]
    assert items[1].record.removed
    assert (rec.generation, rec.runs) == (2, 2)
    one = next(e.message.id for item in items for e in item.emissions if e.fire_time == START + 60 * SECOND)
    other = decide("e", [version()], record(START + 50 * SECOND), Moment(START + 60 * SECOND, 2), RULES)
    assert one != other.emissions[0].message.id


def test_a_broken_definition_is_an_open_range_from_its_change_until_it_is_mended() -> None:
    line = [version(), version(2, START + 25 * SECOND, error="bad zone"), version(3, START + 55 * SECOND)]
    items, _ = drain(line, record(), START + 70 * SECOND)
    assert ranges(items[1]) == [("quarantined", 25.000001, None, None)]
    assert items[2].closes.last == START + 55 * SECOND
    assert [fire for item in items for fire in fires(item)] == [10, 20, 60, 70]


def test_a_pause_takes_what_is_due_and_not_yet_emitted() -> None:
    item = paused("e", record(START + 20 * SECOND), Pause("me", START + 45 * SECOND, "note"), 5)
    assert ranges(item) == [("paused", 20.000001, None, None)]
    assert decide("e", [version()], item.record, Moment(START + HOUR, 6), RULES) is None
    back = resumed("e", version(), item.record, START + 65 * SECOND, 7)
    assert (back.closes.last, back.closes.count) == (START + 65 * SECOND, 4)
    items, _ = drain([version()], back.record, START + 75 * SECOND)
    assert fires(items[0]) == [70]


def test_a_pause_survives_an_edit_but_not_a_removal() -> None:
    held = paused("e", record(), Pause("me", START, "note"), 5).record
    edited = [version(), version(2, START + 25 * SECOND, schedule="every 7s")]
    items, rec = drain(edited, held, START + 40 * SECOND)
    assert items[0].closes.last == START + 25 * SECOND
    assert (rec.open, rec.pause.note) == (Reason.PAUSED, "note")
    gone = [version(), removal(2, START + 25 * SECOND)]
    _, rec = drain(gone, held, START + 40 * SECOND)
    assert rec.pause is None


def test_a_pause_over_another_range_opens_when_that_one_closes() -> None:
    broken = record(open=Reason.QUARANTINED)
    marked = paused("e", broken, Pause("me", START, "note"), 5)
    assert marked.dispositions == ()
    line = [version(1, error="bad"), version(2, START + 30 * SECOND)]
    items, rec = drain(line, marked.record, START + 40 * SECOND)
    assert rec.open is Reason.PAUSED
    assert str(items[0].closes.reason) == "quarantined"


def test_a_refused_fire_is_on_record_and_the_next_goes_on() -> None:
    moment = Moment(START + 25 * SECOND, 5, refused={START + 10 * SECOND: "too large"})
    item = decide("e", [version()], record(), moment, RULES)
    assert ranges(item) == [("refused", 10, 10, 1)]
    assert fires(item) == [20]


def test_a_disabled_entry_names_nothing_and_does_not_catch_up() -> None:
    line = [version(), version(2, START + 15 * SECOND, enabled=False), version(3, START + 45 * SECOND)]
    items, _ = drain(line, record(), START + 60 * SECOND)
    assert [fire for item in items for fire in fires(item)] == [10, 50, 60]


def test_a_record_of_an_unknown_version_is_left_alone() -> None:
    assert decide("e", [version()], replace(record(), version=9), Moment(START + HOUR, 5), RULES) is None


def test_jitter_moves_the_eta_and_not_the_fire() -> None:
    (item,), rec = drain([version(jitter=4 * SECOND)], record(), START + 10 * SECOND)
    (emission,) = item.emissions
    assert emission.fire_time == START + 10 * SECOND
    assert START + 10 * SECOND <= emission.message.due < START + 14 * SECOND
    assert rec.cursor == START + 10 * SECOND


def test_a_solar_event_computed_a_little_later_is_not_fired_again() -> None:
    line = [version(schedule="sunset 52.52 13.40")]
    (item,), rec = drain(line, record(), START + DAY)
    sunset = item.emissions[0].fire_time
    # As if another version of astral had said the event ten seconds earlier.
    earlier = replace(rec, cursor=sunset - 10 * SECOND)
    assert next_moment(line, earlier, sunset) > sunset + 20 * HOUR


def test_a_solar_entry_made_just_before_the_event_fires_at_it() -> None:
    line = [version(schedule="sunset 52.52 13.40")]
    sunset = next_moment(line, record(), START)
    fresh = record(sunset - 600 * SECOND, since=sunset - 600 * SECOND)
    assert next_moment(line, fresh, sunset) == sunset
