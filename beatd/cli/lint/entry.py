"""What is odd about one entry."""

from collections.abc import Iterator
from datetime import datetime

from beatd.cli.lint.rules import rule_notes
from beatd.cli.subject import subject_of
from beatd.core.compiling import schedule_of
from beatd.core.entry import DAY, Entry, Overlap
from beatd.schedules.base import Schedule
from beatd.schedules.english import Ending, ending
from beatd.schedules.moments import SECOND, from_us, iso
from beatd.schedules.zones import Segment, Zone, zone

_YEAR = 366 * 86_400


def entry_notes(entry: Entry, now: int) -> Iterator[str]:
    """Yield what `beatd check` warns of. Raises InvalidScheduleError."""
    schedule = schedule_of(entry)
    following = schedule.next_us(now)
    if entry.enabled and following is None:
        yield _over(entry, schedule, now)
    yield from rule_notes(entry.schedule, entry.timezone, following if entry.starts_at is None else None)
    if entry.enabled and following is not None:
        yield from _clock_changes(entry, schedule, now)
    if entry.grace and entry.misfire == "all" and entry.expires is not None and entry.expires < entry.grace:
        yield "expires is shorter than grace: what is caught up later than that ends expired"
    if entry.overlap_timeout != DAY and entry.overlap not in {Overlap.SKIP, Overlap.QUEUE_ONE}:
        yield f"overlap_timeout has no effect: with overlap = {str(entry.overlap)!r} no fire waits for another"
    if entry.business_days and subject_of(entry).names_days:
        yield from _open_saturdays(entry)


def _over(entry: Entry, schedule: Schedule, now: int) -> str:
    found = ending(subject_of(entry), now)
    if found is Ending.GIVEN_UP:
        return "has no next fire that can be found: so many in a row are taken away that the search gives up"
    last = schedule.last_us(now + 1)
    again, was = ("", "") if last is None else (" again", f": its last moment was {iso(last)}")
    return f"never fires{again}{was}" if found is Ending.NEVER else f"does not fire{again} within 40 years{was}"


def _open_saturdays(entry: Entry) -> Iterator[str]:
    if any(each.get("closed") for each in entry.calendars.values()):
        return
    names = ", ".join(entry.calendars) or repr(entry.exclude)
    remedy = 'closed = ["sat", "sun"] closes them'
    yield f"business_days: no weekday is closed by {names}, so Saturdays count; " + (
        remedy if entry.calendars else f"a calendar with {remedy}"
    )


def _clock_changes(entry: Entry, schedule: Schedule, now: int) -> Iterator[str]:
    """Yield the first gap and the first fold of the year ahead that the entry fires in, unless it says what then.

    Looks at the zone's changes only, never at all fires.
    """
    clocks = zone(entry.timezone)
    wanted = {"gap": entry.gap is None, "fold": entry.fold is None}
    second, end = now // SECOND, now // SECOND + _YEAR
    while second < end and any(wanted.values()):
        segment = clocks.at(second)
        change, second = segment.end, segment.end
        if change >= end:
            return
        kind = "gap" if clocks.offset(change) > segment.offset else "fold"
        note = (_in_gap if kind == "gap" else _in_fold)(entry, schedule, clocks, segment) if wanted[kind] else None
        if note is not None:
            wanted[kind] = False
            yield note


def _in_gap(entry: Entry, schedule: Schedule, clocks: Zone, segment: Segment) -> str | None:
    moment = segment.end * SECOND
    if schedule.next_us(moment - 1) != moment:
        return None
    # What fires there by itself, and not because it was moved, fires there under any rule for gaps.
    if _with(entry, gap="skip").next_us(moment - 1) == moment:
        return None
    at = _reading(segment.end + segment.offset)
    shown = _reading(segment.end + clocks.offset(segment.end))
    return (
        f"on {at:%Y-%m-%d} the clocks of {entry.timezone} skip {at:%H:%M} to {shown:%H:%M}, where it has a moment: "
        f'it fires at {shown:%H:%M} instead; gap = "shift" says that this is meant, "skip" leaves it out'
    )


def _in_fold(entry: Entry, schedule: Schedule, clocks: Zone, segment: Segment) -> str | None:
    length = segment.offset - clocks.offset(segment.end)
    if length <= 0:
        return None
    low, high = (segment.end - length) * SECOND, segment.end * SECOND
    first = schedule.next_us(low - 1)
    if first is None or first >= high:
        return None
    # A rule that follows elapsed time fires in both passes, as it should; intervals and the sun know none.
    if _with(entry, fold="both").next_us(high - 1) == schedule.next_us(high - 1):
        return None
    at, last = _reading(first // SECOND + segment.offset), schedule.last_us(high)
    until = at if last is None else _reading(last // SECOND + segment.offset)
    several = until > at
    return (
        f"{at:%H:%M}{f' to {until:%H:%M} come' if several else ' comes'} twice on {at:%Y-%m-%d} in {entry.timezone}: "
        f"it fires the first time only{', and is silent the second time' if several else ''}; "
        'fold = "first" says that this is meant, "second" or "both" says otherwise'
    )


def _with(entry: Entry, **fields: str) -> Schedule:
    return schedule_of(Entry(**{**entry.fields(), **fields}))


def _reading(local: int) -> datetime:
    return from_us(local * SECOND)
