"""History on a Redis server: fires joined with what became of their messages."""

import re
from collections.abc import Iterator, Sequence

from beatd.core.entry import DAY
from beatd.core.overlap import TIMED_OUT
from beatd.ports import Clock, Run
from beatd.rediskit import fires
from beatd.rediskit.fires import Fire
from beatd.rediskit.outcomes import CLAIMED, DEAD, HELD, Standing, standings
from beatd.rediskit.server import Server

PAGE = 500

_CURSOR = re.compile(r"(-?\d{1,18})-(\S+)")
_Place = tuple[int, str]
"""(moment, row) of the history, from where a page goes on."""
_Span = tuple[int | None, int | None]
"""From the first moment, included, to the second, excluded; None: unbounded."""


class RedisHistory:
    """The port ``History``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def runs(  # noqa: PLR0913  one keyword for each way to narrow
        self,
        *,
        entry: str | None = None,
        task: str | None = None,
        state: str | None = None,
        since: int | None = None,
        until: int | None = None,
        message_id: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Run]:
        """Return the newest runs first; a cursor is ``MOMENT-ROW``."""
        behind = None if before is None else _place(before)
        narrowed = state is not None or task is not None
        found: list[Run] = []
        if message_id is not None:
            walk = self._one(message_id, entry, (since, until), behind)
        else:
            walk = self._walk(entry, (since, until), behind, PAGE if narrowed else min(PAGE, limit))
        for run in walk:
            if len(found) == limit:
                break
            if state in {None, run.state} and task in {None, run.task}:
                found.append(run)
        return found

    def prune(self, *, before: int, most: int, limit: int = 1000) -> int:
        """Delete at most ``limit``: old history, versions no longer needed, old tombstones; return how many."""
        return int(self._server.run("prune", self._clock.now(), before, most, limit, DAY))

    def _walk(self, entry: str | None, span: _Span, behind: _Place | None, page: int) -> Iterator[Run]:
        since, until = (False if each is None else each for each in span)
        full = True
        while full:
            place = False if behind is None else (str(behind[0]), behind[1])
            told = self._server.run("newest", entry or False, since, until, place, page)
            rows = [(told[at].decode(), told[at + 1]) for at in range(0, len(told), 2)]
            yield from self._runs(rows)
            full = len(rows) == page and bool(rows[-1][1])
            behind = (fires.fire_of(rows[-1][1]).first, rows[-1][0]) if full else None

    def _one(self, message_id: str, entry: str | None, span: _Span, behind: _Place | None) -> Iterator[Run]:
        value = self._server.command("HGET", f"{self._server.prefix}fires", message_id)
        since, until = span
        for run in self._runs([(message_id, value)] if value else []):
            is_older = behind is None or (run.fire_time, message_id) < behind
            is_within = (since is None or run.fire_time >= since) and (until is None or run.fire_time < until)
            if is_older and is_within and entry in {None, run.entry}:
                yield run

    def _runs(self, rows: Sequence[tuple[str, bytes]]) -> Iterator[Run]:
        # A range that held no fire when it was closed (a pause between two fires) is nothing that happened.
        told = [(row, fire) for row, value in rows if value and (fire := fires.fire_of(value)).count != 0]
        sent = [fire.message_id for _, fire in told if fire.message_id is not None]
        stand = dict(zip(sent, standings(self._server, sent), strict=True))
        for row, fire in told:
            yield _run(fire, stand.get(fire.message_id or ""), f"{fire.first}-{row}")


def _place(cursor: str) -> _Place:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError(f"{cursor!r} is no cursor")
    return int(found[1]), found[2]


def _run(fire: Fire, standing: Standing | None, cursor: str) -> Run:
    if standing is None:
        return Run(
            entry=fire.entry,
            fire_time=fire.first,
            state=fire.reason,
            last=fire.last,
            count=fire.count,
            reason=fire.note,
            cursor=cursor,
        )
    running = standing.state == CLAIMED
    note = standing.note
    return Run(
        entry=fire.entry,
        fire_time=fire.first,
        state=_state(standing),
        last=fire.last,
        count=fire.count,
        message_id=fire.message_id,
        emitted_at=fire.written_at,
        started_at=standing.claimed_at if running else (note.started_at if note else None),
        finished_at=None if running or note is None else note.finished_at,
        reason=standing.reason or (note.reason if note else None) or (TIMED_OUT if standing.timed_out else None),
        task=fire.task,
        cursor=cursor,
    )


def _state(standing: Standing) -> str:
    if standing.state == DEAD:
        return "dead"
    if standing.state == CLAIMED:
        return "started"
    if standing.state == HELD:
        return "held"
    return standing.note.state.value.lower() if standing.note else fires.EMITTED
