"""History on a Redis server: fires joined with what became of their messages."""

from collections.abc import Iterator

from beatd.core.entry import DAY
from beatd.core.overlap import TIMED_OUT
from beatd.ports import Clock, Run
from beatd.rediskit import fires
from beatd.rediskit.fires import Fire
from beatd.rediskit.outcomes import CLAIMED, DEAD, HELD, Standing, standings
from beatd.rediskit.server import Server

PAGE = 500


class RedisHistory:
    """The port ``History``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def runs(
        self, *, entry: str | None = None, state: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[Run]:
        """Return the newest runs first."""
        found: list[Run] = []
        for run in self._walk(entry, before, min(PAGE, limit) if state is None else PAGE):
            if len(found) == limit:
                break
            if state is None or run.state == state:
                found.append(run)
        return found

    def prune(self, *, before: int, most: int, limit: int = 1000) -> int:
        """Delete at most ``limit``: old history, versions no longer needed, old tombstones; return how many."""
        return int(self._server.run("prune", self._clock.now(), before, most, limit, DAY))

    def _walk(self, entry: str | None, before: int | None, page: int) -> Iterator[Run]:
        key = f"{self._server.prefix}fires:" + ("all" if entry is None else f"of:{entry}")
        highest, offset, full = "+inf" if before is None else f"({before}", 0, True
        while full:
            ids = self._server.command("ZREVRANGEBYSCORE", key, highest, "-inf", "LIMIT", offset, page)
            values = self._server.command("HMGET", f"{self._server.prefix}fires", *ids) if ids else []
            # A range that held no fire when it was closed (a pause between two fires) is nothing that happened.
            told = [fire for value in values if value and (fire := fires.fire_of(value)).count != 0]
            sent = [fire.message_id for fire in told if fire.message_id is not None]
            stand = dict(zip(sent, standings(self._server, sent), strict=True))
            yield from (_run(fire, stand.get(fire.message_id or "")) for fire in told)
            offset, full = offset + page, len(ids) == page


def _run(fire: Fire, standing: Standing | None) -> Run:
    if standing is None:
        return Run(entry=fire.entry, fire_time=fire.first, state=fire.reason, last=fire.last, count=fire.count)
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
    )


def _state(standing: Standing) -> str:
    if standing.state == DEAD:
        return "dead"
    if standing.state == CLAIMED:
        return "started"
    if standing.state == HELD:
        return "held"
    return standing.note.state.value.lower() if standing.note else fires.EMITTED
