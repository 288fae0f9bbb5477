"""What each child is doing, in memory that the supervisor can read without asking it."""

import logging
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from zlib import crc32

import msgspec

from beatd.core.message import Delivery, Message
from beatd.core.states import Outcome, State, Verdict

SIZE: Final = 8192
LEDGER: Final = 8192
_ORDER: Final = struct.Struct("=I")
_CHECK: Final = struct.Struct("=I")
_HEAD: Final = struct.Struct("=IqqqqIII")
_CHECK_AT: Final = 8
_HEAD_AT: Final = _CHECK_AT + _CHECK.size
_TEXT_AT: Final = _HEAD_AT + _HEAD.size
_ROOM: Final = SIZE - _TEXT_AT
_LOOKS: Final = 5
_LINE: Final = struct.Struct("=II")
_LAST: Final = bytes(_LINE.size)

_encode = msgspec.json.Encoder().encode
_TEXT = msgspec.json.Decoder(tuple[str, str, str, str | None, int | None, tuple[str, ...], bool])

logger = logging.getLogger("beatd.worker")


class Order(IntEnum):
    """What a child is to do between two messages."""

    RUN = 0
    QUIET = 1
    LEAVE = 2


_ORDERS: Final = tuple(Order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A slot as read. Moments in elapsed microseconds, 0 for none; ``message`` None while nothing is run.

    ``tail``: ids that the child has claimed and not begun. ``leaves``: it has had its day, and ends by itself.
    ``last``: the task is not run again if its process is lost.
    """

    seen_at: int
    started_at: int
    deadline: int
    limit: int
    done: int
    attempt: int
    message: Message | None
    tail: tuple[str, ...]
    leaves: bool
    last: bool = False

    @property
    def run(self) -> tuple[str, int] | None:
        """Return message id and attempt of what is run."""
        return None if self.message is None else (self.message.id, self.attempt)

    def described(self, now: int) -> dict[str, object]:
        """Return what is run, for people."""
        if self.message is None:
            return {}
        return {
            "task": self.message.task,
            "message_id": self.message.id,
            "attempt": self.attempt,
            "running_ms": (now - self.started_at) // 1000,
        }


class Quiet:
    """Whether all are to claim nothing; ``tell`` gives them an order."""

    def __init__(self, tell: Callable[[Order], None]) -> None:
        self._tell = tell
        self._lasts = False

    def set(self, *, lasts: bool) -> None:
        """Begin or end it; what holds already is not said again."""
        if lasts != self._lasts:
            self._lasts = lasts
            logger.info("claiming nothing" if lasts else "claiming again", extra={"action": "quiet"})
            self._tell(Order.QUIET if lasts else Order.RUN)


class SlotBoard:
    """An anonymous shared mapping with one slot per child; made before the fork. Free slots are the caller's book."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._memory = mmap.mmap(-1, count * (SIZE + LEDGER))

    def clear(self, index: int) -> None:
        """Make the slot as new."""
        self._memory[index * SIZE : (index + 1) * SIZE] = bytes(SIZE)
        self.clear_ended(index)

    def order(self, index: int, order: Order) -> None:
        """Tell the child what to do."""
        _ORDER.pack_into(self._memory, index * SIZE, order)

    def ordered(self, index: int) -> Order:
        """Return what the child was told."""
        order: int = _ORDER.unpack_from(self._memory, index * SIZE)[0]
        return _ORDERS[order]

    def write(self, index: int, fields: tuple[int, ...], text: bytes) -> None:
        """Write a slot: the fields behind the check sum, and the text."""
        at = index * SIZE + _CHECK_AT
        told = _HEAD.pack(*fields, len(text)) + text
        self._memory[at : at + _CHECK.size + len(told)] = _CHECK.pack(crc32(told)) + told

    def read(self, index: int) -> Sight | None:
        """Return what the slot says, None if it is empty or its writer died in the middle of writing."""
        at = index * SIZE
        for _ in range(_LOOKS):
            slot = self._memory[at + _CHECK_AT : at + SIZE]
            (check,), told = _CHECK.unpack_from(slot), slot[_CHECK.size :]
            *fields, length = _HEAD.unpack_from(told)
            told = told[: _HEAD.size + length]
            # A check sum and not a sequence number: it holds on machines that reorder writes, too.
            if check == crc32(told):
                return _sight(fields, told[_HEAD.size :])
        return None

    def note_ended(self, index: int, at: int, text: bytes) -> int:
        """Add a line, at a place in the ledger, on what has been run and is not settled yet; return the next place."""
        begin = self._ledger(index) + at
        # A line of its own: a writer that dies in the middle of it leaves those before.
        told = _LINE.pack(crc32(text), len(text)) + text + _LAST
        self._memory[begin : begin + len(told)] = told
        return at + len(told) - len(_LAST)

    def clear_ended(self, index: int) -> None:
        """Note that all is settled."""
        begin = self._ledger(index)
        self._memory[begin : begin + len(_LAST)] = _LAST

    def ended(self, index: int, owner: str) -> list[tuple[Delivery, Outcome]]:
        """Return what a child has run and not settled, but for a line that it is writing.

        Behind that there may be lines from before, of what is settled already: to settle it again does nothing.
        """
        begin, at, found = self._ledger(index), 0, list[tuple[Delivery, Outcome]]()
        ledger = self._memory[begin : begin + LEDGER]
        while at + _LINE.size <= LEDGER:
            check, length = _LINE.unpack_from(ledger, at)
            text = ledger[at + _LINE.size : at + _LINE.size + length]
            if not length or check != crc32(text):
                break
            found.append(_ended(text, owner))
            at += _LINE.size + length
        return found

    def _ledger(self, index: int) -> int:
        return self.count * SIZE + index * LEDGER


class Ledger:
    """What a child has run and not settled yet, in its slot: if it dies, or is held up, its supervisor settles it."""

    def __init__(self, board: SlotBoard, index: int) -> None:
        self._board = board
        self._index = index
        self._at = 0

    def add(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Note one; False where it is no plain success, or there is no room for it."""
        message = delivery.message
        if outcome.state is not State.SUCCESS or message.entry is not None:
            return False
        run = (outcome.started_at, outcome.finished_at, outcome.keep, outcome.result)
        try:
            line = _encode((message.id, message.task, message.queue, delivery.attempt, *run))
        except (TypeError, ValueError):
            return False
        if self._at + _LINE.size + len(line) + len(_LAST) > LEDGER:
            return False
        self._at = self._board.note_ended(self._index, self._at, line)
        return True

    @property
    def is_empty(self) -> bool:
        """Whether all is settled."""
        return not self._at

    def clear(self) -> None:
        """Note that all is settled."""
        if self._at:
            self._at = 0
            self._board.clear_ended(self._index)


class Slot:
    """A child's own slot, written by that child only."""

    def __init__(self, board: SlotBoard, index: int) -> None:
        self._board = board
        self._index = index
        self._done = 0
        self._said: tuple[tuple[int, ...], bytes] = ((0, 0, 0, 0, 0, 0, 0), b"")

    def ordered(self) -> Order:
        """Return what the supervisor wants."""
        return self._board.ordered(self._index)

    def idle(self, now: int) -> None:
        """Say that nothing is in hand; a sign of life."""
        self._say((0, now, 0, 0, 0, self._done, 0), b"")

    def alive(self, now: int) -> None:
        """Give a sign of life in the middle of whatever was said last."""
        (attempt, _, *others), text = self._said
        self._say((attempt, now, *others), text)

    def leave(self, now: int) -> None:
        """Say that nothing is in hand nor will be: the last word of a child that ends by itself."""
        self._say((0, now, 0, 0, 0, self._done, 1), b"")

    def begin(
        self, message: Message, attempt: int, now: int, *, limit: int = 0, tail: list[str], last: bool = False
    ) -> None:
        """Say that a message is begun; ``limit``: its hard time limit in microseconds; ``last`` as in ``Sight``."""
        fields = (attempt, now, now, now + limit if limit else 0, limit, self._done, 0)
        self._say(fields, _encoded(message, tail, last=last))

    def end(self, now: int) -> None:
        """Say that the message in hand is settled."""
        self._done += 1
        self.idle(now)

    def _say(self, fields: tuple[int, ...], text: bytes) -> None:
        self._said = fields, text
        self._board.write(self._index, fields, text)


def _encoded(message: Message, tail: list[str], *, last: bool) -> bytes:
    """Return what the supervisor needs to settle the message, cut to what the slot has room for."""
    whole: list[object] = [message.id, message.task, message.queue, message.entry, message.fire_time, tail, last]
    cut: list[object] = [message.id, message.task[:200], message.queue, None, None, [], last]
    for content in (whole, cut):
        text = _encode(content)
        if len(text) <= _ROOM:
            return text
    return b""


def _sight(fields: list[int], text: bytes) -> Sight:
    attempt, seen_at, started_at, deadline, limit, done, leaves = fields
    message, tail, last = _told(text) if text else (None, (), False)
    return Sight(
        seen_at=seen_at,
        started_at=started_at,
        deadline=deadline,
        limit=limit,
        done=done,
        attempt=attempt,
        message=message,
        tail=tail,
        leaves=bool(leaves),
        last=last,
    )


def _told(text: bytes) -> tuple[Message, tuple[str, ...], bool]:
    id_, task, queue, entry, fire_time, tail, last = _TEXT.decode(text)
    return Message(id=id_, task=task, queue=queue, headers={}, body=b"", entry=entry, fire_time=fire_time), tail, last


def _ended(line: bytes, owner: str) -> tuple[Delivery, Outcome]:
    id_, task, queue, attempt, started_at, finished_at, keep, result = msgspec.json.decode(line)
    message = Message(id=id_, task=task, queue=queue, headers={}, body=b"")
    outcome = Outcome(
        verdict=Verdict.DONE,
        state=State.SUCCESS,
        result=result,
        started_at=started_at,
        finished_at=finished_at,
        worker=owner,
        keep=keep,
    )
    return Delivery(message=message, attempt=attempt, owner=owner, lease_until=0), outcome
