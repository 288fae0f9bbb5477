"""What is odd about an entry, though it may be meant."""

from collections.abc import Iterator

from beatd.cli.output import local
from beatd.core.entry import Entry
from beatd.core.fields import compile_entry
from beatd.schedules.durations import UNITS, parse_duration
from beatd.schedules.moments import iso


def entry_notes(entry: Entry, now: int) -> Iterator[str]:
    """Yield what `beatd check` warns of."""
    schedule = compile_entry(entry)
    following = schedule.next_us(now)
    if entry.enabled and following is None:
        last = schedule.last_us(now + 1)
        yield "never fires" + (f" again: its last moment was {iso(last)}" if last is not None else "")
    if entry.starts_at is None:
        yield from rule_notes(entry.schedule, entry.timezone, following)
    else:
        for rule in _rules(entry.schedule):
            yield from _both_days(rule)
    if entry.grace and entry.misfire == "all" and entry.expires is not None and entry.expires < entry.grace:
        yield "expires is shorter than grace: what is caught up later than that ends expired"


def rule_notes(text: str, timezone: str, fire: int | None) -> Iterator[str]:
    """Yield what a canonical schedule does that its text does not tell; ``fire`` is one of its moments."""
    for rule in _rules(text):
        words = rule.split()
        if words[0] == "every" and "offset" not in words and fire is not None:
            yield from _long_interval(words[1], timezone, fire)
        yield from _both_days(rule)


def _long_interval(written: str, timezone: str, fire: int) -> Iterator[str]:
    if (length := parse_duration(written)) < UNITS["d"]:
        return
    at = local(fire, timezone)
    day = f"{at:%A}s at " if length % UNITS["w"] == 0 else ""
    when = f"{day}{at:%H:%M %Z}" if length % UNITS["d"] == 0 else f"{at:%A %Y-%m-%d %H:%M %Z}"
    yield f"every {written} counts from 1970-01-01 UTC: it fires {when}; an offset or starts_at says otherwise"


def _both_days(rule: str) -> Iterator[str]:
    """Yield which of the two ways a crontab with both kinds of day is read, as Vixie's cron reads it."""
    fields = rule.removeprefix("cron ").split()
    if len(fields) not in {5, 6, 7} or fields[0][0] not in "0123456789*?HL":
        return
    month_day, week_day = (fields[2], fields[4]) if len(fields) == 5 else (fields[3], fields[5])
    if month_day in {"*", "?"} or week_day in {"*", "?"}:
        return
    days = f"{rule!r} fires on days that match"
    if month_day.startswith("*") or week_day.startswith(("*", "&")):
        yield f"{days} both the day of month and the day of week"
    else:
        yield f"{days} the day of month or the day of week; write & before the latter for both"


def _rules(text: str) -> list[str]:
    return text.split(" | ")
