"""The supervisor's book of its children: who is missing, who is to be replaced, who is silent. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import random

from beatd.processes.backoff import Backoff

SECOND = 1_000_000
LONGEST_WAIT = 30 * SECOND
"""Between two starts of children that end soon after it."""
SETTLED_AFTER = 10 * SECOND
"""A child that has lived for so long has not ended soon after its start."""


class Cause(StrEnum):
    """Why the supervisor kills a child."""

    LIMIT = "time limit"
    DRAIN = "drain time-out"
    SILENT = "silent"
    REVOKED = "revoked"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Notice:
    """A child was asked for its stack, because it is to be killed: why, at what, and since when.

    ``run`` is (message id, attempt, beginning); None between two tasks.
    """

    cause: Cause
    run: tuple[str, int, int] | None
    at: int


@dataclass(slots=True, kw_only=True)
class ChildRecord:
    """One child. Moments in elapsed microseconds.

    ``active_at``: when it was last seen to be at work, or to begin; ``done``: how many tasks it had run by then.
    ``waits``: it claims nothing until one of those before it has gone. ``worn``: it needs a successor soon.
    ``why``: for which reason it was killed, where the cause does not say all.
    ``returned`` names the run whose tail was given back, ``revoked`` the one for which it was killed.
    """

    pid: int
    owner: str
    slot: int
    generation: int
    born_at: int
    ready: bool = False
    active_at: int = 0
    done: int = 0
    waits: bool = False
    worn: bool = False
    leaving: bool = False
    killed: Cause | None = None
    why: str | None = None
    notice: Notice | None = None
    returned: tuple[str, int] | None = None
    revoked: tuple[str, int] | None = None


@dataclass(slots=True)
class Roster:
    """Knows how many children there are to be, ``concurrency``, and decides; the caller forks and kills.

    A generation is proved once one child of it is ready; until then there is one at a time, so that an application that
    cannot be imported says so once. After ``reload`` the children of the former generation are replaced one by one.
    Beside a child that is worn there is one more, which waits for a place: no more than ``concurrency`` are at work.
    """

    concurrency: int
    draw: Callable[[], float] = random
    generation: int = 1
    children: dict[int, ChildRecord] = field(default_factory=dict)
    start_at: int = 0
    ever_ready: bool = False
    _proved: bool = False
    _backoff: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self._backoff = Backoff(draw=self.draw, most=LONGEST_WAIT, reset_after=SETTLED_AFTER)

    def missing(self, now: int) -> int:
        """Return how many children to fork now."""
        if now < self.start_at:
            return 0
        staying = self.staying()
        if not self._proved or any(child.generation != self.generation for child in staying):
            return 0 if any(not child.ready for child in staying) else 1
        return max(0, self._wanted() - len(staying))

    def is_full(self) -> bool:
        """Return whether a child forked now has to wait for a place."""
        return self._places() <= 0

    def to_wake(self) -> list[ChildRecord]:
        """Return who waits and may begin."""
        waiting = [child for child in self.staying() if child.waits]
        waiting.sort(key=lambda child: (not child.ready, child.generation != self.generation))
        return waiting[: max(0, self._places())]

    def _wanted(self) -> int:
        return self.concurrency + any(child.worn for child in self.staying())

    def _places(self) -> int:
        # One that leaves may be in the middle of a task for long; one that was killed is as good as gone.
        working = [child for child in self.children.values() if not child.waits and child.killed is None]
        return self.concurrency - len(working)

    def born(self, child: ChildRecord) -> None:
        """Take a child in."""
        self.children[child.pid] = child

    def became_ready(self, child: ChildRecord) -> None:
        """Note that a child has its application and claims."""
        child.ready = self.ever_ready = True
        if child.generation == self.generation:
            self._proved = True

    def died(self, pid: int, now: int, *, begun: bool = False) -> ChildRecord:
        """Strike a child out; one that is to blame for its end, and had ``begun`` no task, delays the next start.

        Where a task was begun the start was no failure, and a task that ends its process is tried a few times only:
        what waits behind it is not to wait for long.
        """
        child = self.children.pop(pid)
        if child.leaving or child.killed not in {None, Cause.MEMORY}:
            return child
        if begun:
            self._backoff.recovered()
            self.start_at = now
            return child
        wait = self._backoff.failed(now - child.born_at)
        # The first death is no storm; its successor starts at once.
        self.start_at = now + (wait if self._backoff.failures > 1 or not child.ready else 0)
        return child

    def lost_template(self, now: int, lived: int) -> None:
        """Delay the next start: what children are forked from has ended after ``lived``, and is to be started too."""
        self.start_at = now + self._backoff.failed(lived)

    def is_storm(self) -> bool:
        """Return whether the last death was one of a series."""
        return self._backoff.failures > 1

    def is_calm(self, now: int) -> bool:
        """Return whether all children are there, and have been for a while."""
        return self.complete() and all(now - child.born_at >= SETTLED_AFTER for child in self.staying())

    def reload(self) -> None:
        """Begin a new generation."""
        self.generation += 1
        self._proved = False
        self.start_at = 0
        self._backoff.recovered()

    def keep_former(self) -> bool:
        """Give a reload up, because its first child failed; return whether there is a former generation to keep."""
        former = [child for child in self.staying() if child.ready]
        for child in former:
            child.generation = self.generation
        self._proved = bool(former)
        return self._proved

    def to_retire(self) -> ChildRecord | None:
        """Return a child that may leave: its replacement is ready, or it waits and is nobody's any more."""
        staying = self.staying()
        stale = [child for child in staying if child.generation != self.generation]
        stale.sort(key=lambda child: not child.waits)
        if stale:
            return stale[0] if sum(child.ready for child in staying) > self.concurrency else None
        spare = [child for child in staying if child.waits]
        return spare[0] if spare and len(staying) > self._wanted() else None

    def complete(self) -> bool:
        """Return whether all children are ready and of this generation."""
        ready = [child for child in self.staying() if child.ready and child.generation == self.generation]
        return len(ready) >= self.concurrency

    def staying(self) -> list[ChildRecord]:
        """Return those that are to stay, whether they are ready or wait for a place."""
        return [child for child in self.children.values() if not child.leaving and child.killed is None]
