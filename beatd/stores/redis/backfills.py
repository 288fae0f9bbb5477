"""Errands that emit fires after all, on a Redis server."""

from uuid import uuid4

from beatd.core.backfill import Errand, Exchange, Stridden, Stride
from beatd.core.message import Message
from beatd.core.record import too_large_in
from beatd.ports import Clock
from beatd.rediskit import fires, messages
from beatd.rediskit.server import Server


class RedisBackfills:
    """The port ``Backfills``; ``history``: "all", "exceptions" or "none"; ``most``: how many rows of it are kept."""

    def __init__(self, server: Server, clock: Clock, history: str = "exceptions", *, most: int | None = None) -> None:
        self._server = server
        self._clock = clock
        self._history = history
        self._most = most

    def begin(self, errand: Errand) -> Errand:
        """Return the unfinished errand of the same entry, span and manner, or store this one."""
        value = self._server.run("errand", _field(errand), errand.id, str(errand.cursor))
        errand_id, cursor, emitted, *_ = value.decode().split(" ")
        return Errand(
            id=errand_id,
            entry=errand.entry,
            first=errand.first,
            until=errand.until,
            again=errand.again,
            cursor=int(cursor),
            emitted=int(emitted),
        )

    def stride(self, stride: Stride) -> Stridden:
        """Carry out one step of an errand in one script."""
        sent = [emission.message for emission in stride.emissions]
        refused = too_large_in(stride.emissions)
        if refused:
            return Stridden(stored=True, refused=refused)
        errand, now = stride.errand, self._clock.now()
        emitted = self._server.run(
            "stride",
            now,
            self._most or False,
            self._history == "all",
            errand.entry,
            _field(errand),
            errand.id,
            str(errand.cursor),
            uuid4().hex,
            False if stride.cursor is None else str(stride.cursor),
            messages.columns(sent, self._server.layout),
            [_row(message, now, stride.exchange) for message in sent] if self._history == "all" else False,
            False if stride.exchange is None else self._exchange(stride.exchange, now),
        )
        return Stridden(stored=False) if emitted < 0 else Stridden(stored=True, emitted=emitted)

    def _exchange(self, exchange: Exchange, now: int) -> tuple[object, ...]:
        told = [*exchange.remaining, *([] if self._history == "all" else [exchange.backfilled])]
        former = exchange.former
        return str(former.first), fires.beginning_of(former), [fires.range_of(each, now) for each in told]


def _field(errand: Errand) -> str:
    return "\0".join((errand.entry, str(errand.first), str(errand.until), str(int(errand.again))))


def _row(message: Message, now: int, exchange: Exchange | None) -> tuple[object, ...]:
    if exchange is None:
        value = fires.value_of_message(message, now, reason=fires.TRIGGERED)
    else:
        former = exchange.former
        value = fires.value_of_message(
            message, now, reason=fires.BACKFILLED, generation=former.generation, version=former.version
        )
    return message.entry, message.id, message.fire_time, value
