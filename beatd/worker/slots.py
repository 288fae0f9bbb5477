"""What each child is doing, in memory that the supervisor can read without asking it."""

import json
import mmap
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from zlib import crc32

from beatd.core.message import Message

SIZE: Final = 8192
_ORDER: Final = struct.Struct("=I")
_HEAD: Final = struct.Struct("=IIqqqqII")
_HEAD_AT: Final = 8
_TEXT_AT: Final = _HEAD_AT + _HEAD.size
_ROOM: Final = SIZE - _TEXT_AT
_LOOKS: Final = 5


class Order(IntEnum):
    """What a child is to do between two messages."""

    RUN = 0
    QUIET = 1
    LEAVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A slot as read. Moments in elapsed microseconds, 0 for none; ``message`` None while nothing is run.

    ``tail``: ids that the child has claimed and not begun.
    """

    seen_at: int
    started_at: int
    deadline: int
    limit: int
    done: int
    attempt: int
    message: Message | None
    tail: tuple[str, ...]


class SlotBoard:
    """An anonymous shared mapping with one slot per child; made before the fork. Free slots are the caller's book."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._memory = mmap.mmap(-1, count * SIZE)

    def clear(self, index: int) -> None:
        """Make the slot as new."""
        self._memory[index * SIZE : (index + 1) * SIZE] = bytes(SIZE)

    def order(self, index: int, order: Order) -> None:
        """Tell the child what to do."""
        _ORDER.pack_into(self._memory, index * SIZE, order)

    def ordered(self, index: int) -> Order:
        """Return what the child was told."""
        return Order(_ORDER.unpack_from(self._memory, index * SIZE)[0])

    def write(self, index: int, fields: tuple[int, ...], text: bytes) -> None:
        """Write a slot: the fields behind the check sum, and the text."""
        at = index * SIZE + _HEAD_AT
        head = _HEAD.pack(0, *fields, len(text))
        self._memory[at : at + len(head) + len(text)] = _ORDER.pack(_check(head, text)) + head[4:] + text

    def read(self, index: int) -> Sight | None:
        """Return what the slot says, None if it is empty or its writer died in the middle of writing."""
        at = index * SIZE
        for _ in range(_LOOKS):
            slot = self._memory[at + _HEAD_AT : at + SIZE]
            check, *fields, length = _HEAD.unpack_from(slot)
            text = slot[_HEAD.size : _HEAD.size + length]
            # A check sum and not a sequence number: it holds on machines that reorder writes, too.
            if check == _check(slot[: _HEAD.size], text):
                return _sight(fields, text)
        return None


class Slot:
    """A child's own slot, written by that child only."""

    def __init__(self, board: SlotBoard, index: int) -> None:
        self._board = board
        self._index = index
        self._done = 0

    def ordered(self) -> Order:
        """Return what the supervisor wants."""
        return self._board.ordered(self._index)

    def idle(self, now: int) -> None:
        """Say that nothing is in hand; a sign of life."""
        self._board.write(self._index, (0, now, 0, 0, 0, self._done), b"")

    def begin(self, message: Message, attempt: int, now: int, *, limit: int = 0, tail: list[str]) -> None:
        """Say that a message is begun; ``limit``: its hard time limit in microseconds."""
        fields = (attempt, now, now, now + limit if limit else 0, limit, self._done)
        self._board.write(self._index, fields, _encoded(message, tail))

    def end(self, now: int) -> None:
        """Say that the message in hand is settled."""
        self._done += 1
        self.idle(now)


def _check(head: bytes, text: bytes) -> int:
    return crc32(text, crc32(head[4:]))


def _encoded(message: Message, tail: list[str]) -> bytes:
    """Return what the supervisor needs to settle the message, cut to what the slot has room for."""
    whole: list[object] = [message.id, message.task, message.queue, message.entry, message.fire_time, tail]
    cut: list[object] = [message.id, message.task[:200], message.queue, None, None, []]
    for content in (whole, cut):
        text = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if len(text) <= _ROOM:
            return text
    return b""


def _sight(fields: list[int], text: bytes) -> Sight:
    attempt, seen_at, started_at, deadline, limit, done = fields
    message, tail = None, ()
    if text:
        id_, task, queue, entry, fire_time, waiting = json.loads(text.decode("utf-8", "surrogatepass"))
        message = Message(id=id_, task=task, queue=queue, headers={}, body=b"", entry=entry, fire_time=fire_time)
        tail = tuple(waiting)
    return Sight(
        seen_at=seen_at,
        started_at=started_at,
        deadline=deadline,
        limit=limit,
        done=done,
        attempt=attempt,
        message=message,
        tail=tail,
    )
