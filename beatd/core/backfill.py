"""Backfilling: fires that were not emitted are emitted after all, a stride at a time, beside the schedule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import uuid5

from msgspec.structs import replace

from beatd.core.emission import emission
from beatd.core.entry import ROW, Entry, Tenure
from beatd.core.identity import NAMESPACE
from beatd.core.line import compiled
from beatd.core.message import Message
from beatd.core.record import Disposition, Emission, Reason
from beatd.schedules.base import Schedule
from beatd.schedules.bounds import NEVER

HEADER = "beatd_backfill"
"""The header of a message that was emitted again: the errand's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A backfill of one entry over first <= fire time < until, with a cursor of its own: all up to it is dealt with.

    ``again``: every fire is emitted, under ids of the errand's own; else only those on record as not emitted.
    """

    id: str
    entry: str
    first: int
    until: int
    again: bool
    cursor: int
    emitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Where the range ``former`` is still on record, ``remaining`` and ``backfilled`` take its place."""

    former: Disposition
    remaining: tuple[Disposition, ...]
    backfilled: Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """One atomic step of an errand: where its cursor is still ``expected``, it moves, and the messages are sent.

    ``exchange``: the messages are sent only if its range is still on record; the cursor moves all the same.
    ``cursor`` None: the errand is done and forgotten.
    """

    errand: Errand
    cursor: int | None
    emissions: tuple[Emission, ...] = ()
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stridden:
    """What became of a stride. ``stored`` false: the errand's cursor is elsewhere, and nothing happened.

    ``emitted``: how many messages were sent. ``refused``: fire times that the broker cannot take, with why; then
    nothing happened either.
    """

    stored: bool
    emitted: int = 0
    refused: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reign:
    """One version's own time: it rules in (since, until]; ``until`` None: to this day."""

    version: int
    generation: int
    since: int
    until: int | None
    schedule: Schedule
    entry: Entry | None


def reigns(tenures: Sequence[Tenure]) -> list[Reign]:
    """Return the times of versions in order; one that this code cannot read names nothing.

    One whose text the state does not have, and its table no longer, is left out: nobody knows what it named.
    """
    found = []
    for place, tenure in enumerate(tenures):
        if tenure.version.source == ROW:
            continue
        until = tenures[place + 1].since if place + 1 < len(tenures) else None
        ready = compiled(tenure.version)
        entry = None if ready.unreadable else ready.entry
        schedule = NEVER if entry is None else ready.schedule
        found.append(Reign(tenure.version.number, tenure.generation, tenure.since, until, schedule, entry))
    return found


def next_exchange(
    namespace: str, reign: Reign, former: Disposition, bounds: tuple[int, int], chunk: int
) -> tuple[Exchange, tuple[Emission, ...]] | None:
    """Return what turns the oldest fires of a range in (after, until] into messages; None where it has none there.

    ``bounds``: (after, until). The range is split exactly: what lies before and behind stays as it was.
    """
    after, until = bounds
    entry, last = reign.entry, former.last
    if entry is None or last is None:
        return None
    low, high = max(after, former.first - 1), min(until, last)
    fires = list(islice(reign.schedule.between_us(low, high), chunk))
    if not fires:
        return None
    backfilled = replace(former, reason=Reason.BACKFILLED, first=fires[0], last=fires[-1], count=len(fires))
    exchange = Exchange(former=former, remaining=tuple(_rest(reign.schedule, former, fires)), backfilled=backfilled)
    lasting = _without_expiry(entry)
    return exchange, tuple(emission(namespace, lasting, reign.schedule, former.generation, fire) for fire in fires)


def _rest(schedule: Schedule, former: Disposition, fires: Sequence[int]) -> Iterator[Disposition]:
    last = former.last
    before = schedule.last_us(fires[0])
    if before is not None and before >= former.first:
        yield replace(former, last=before, count=schedule.count_us(former.first - 1, before))
    following = schedule.next_us(fires[-1])
    if last is not None and following is not None and following <= last:
        yield replace(former, first=following, count=schedule.count_us(fires[-1], last))


def again(namespace: str, errand: Errand, found: Sequence[Reign], until: int, chunk: int) -> tuple[Emission, ...]:
    """Return the next messages of an errand that emits every fire up to ``until`` under ids of its own.

    What lies before the oldest version known is named by that one.
    """
    emissions: list[Emission] = []
    for reign, entry, low, high in _spans(found, errand.cursor, until):
        lasting = _without_expiry(entry)
        for fire in islice(reign.schedule.between_us(low, high), chunk - len(emissions)):
            made = emission(namespace, lasting, reign.schedule, reign.generation, fire)
            emissions.append(replace(made, message=_renamed(namespace, errand, made)))
        if len(emissions) == chunk:
            break
    return tuple(emissions)


def count_again(found: Sequence[Reign], after: int, until: int) -> int:
    """Return how many messages ``again`` makes of the fires in (after, until], without walking them."""
    return sum(reign.schedule.count_us(low, high) for reign, _, low, high in _spans(found, after, until))


def _spans(found: Sequence[Reign], after: int, until: int) -> Iterator[tuple[Reign, Entry, int, int]]:
    """Yield what each version names in (after, until]: it, its entry, and its own (low, high]."""
    for place, reign in enumerate(found):
        low = after if place == 0 else max(after, reign.since)
        high = until if reign.until is None else min(until, reign.until)
        if reign.entry is not None and low < high:
            yield reign, reign.entry, low, high


def _renamed(namespace: str, errand: Errand, made: Emission) -> Message:
    message = made.message
    other = str(uuid5(NAMESPACE, f"{namespace}\nbackfill {errand.id}\n{made.fire_time}\n{errand.entry}"))
    headers = {**message.headers, "id": other, "root_id": other, HEADER: errand.id}
    return replace(message, id=other, headers=headers)


def _without_expiry(entry: Entry) -> Entry:
    # Counted from the fire time it has passed, and the worker would drop what was asked for on purpose.
    if entry.expires is None:
        return entry
    fields = entry.fields()
    return Entry(**{**fields, "expires": None})
