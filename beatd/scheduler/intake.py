"""Records that are still to be read: of parts that were gained, and of names that are new; a slice at a time."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from beatd.core.identity import part_of
from beatd.scheduler.emitter import Emitter

READ = 1000
"""How many records are read at a time."""

LOOK = 10_000
"""How many names are looked at for them, at the most: it takes a microsecond to tell the part of one."""


class Intake:
    """What is to be looked after once its records are read. Any call may raise BrokerUnavailableError."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._parts: frozenset[int] = frozenset()
        self._names: deque[str] = deque()
        """Among them those of these parts, each with its record still to be read."""
        self._new: dict[str, None] = {}

    @property
    def parts(self) -> frozenset[int]:
        """The parts of which some records are still to be read."""
        return self._parts

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be read."""
        return not (self._parts or self._new)

    def gain(self, parts: Iterable[int]) -> None:
        """Read the records of these parts anew: another scheduler may have moved them."""
        self._parts |= frozenset(parts)
        # All at once, for what is learned meanwhile is added by itself.
        self._names = deque(self._emitter.book)

    def lose(self, parts: frozenset[int]) -> None:
        """Read the records of these parts no more."""
        self._parts -= parts
        self._new = {name: None for name in self._new if part_of(name) not in parts}

    def add(self, names: Iterable[str]) -> None:
        """Read the records of these names, too."""
        self._new.update(dict.fromkeys(names))

    def step(self) -> tuple[frozenset[int], int]:
        """Read some; return the parts of which all is read now, and by how much the store went back."""
        looked_at = 0
        while self._parts and self._names and len(self._new) < READ and looked_at < LOOK:
            name = self._names.popleft()
            looked_at += 1
            if part_of(name) in self._parts:
                self._new[name] = None
        distance = self._read() if len(self._new) >= READ or not self._names or not looked_at else 0
        if self._names or self._new:
            return frozenset(), distance
        done, self._parts = self._parts, frozenset()
        return done, distance

    def _read(self) -> int:
        names = list(islice(self._new, READ))
        distance = self._emitter.read_records(names) if names else 0
        # Only now: where the store does not answer they are read with the next call.
        for name in names:
            del self._new[name]
        return distance
