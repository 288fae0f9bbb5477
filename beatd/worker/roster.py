"""The supervisor's book of its children: who is missing, who is to be replaced, who is silent. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import random

from beatd.processes.backoff import Backoff

SECOND = 1_000_000
SILENT_AFTER = 60 * SECOND


class Cause(StrEnum):
    """Why the supervisor kills a child."""

    LIMIT = "time limit"
    DRAIN = "drain time-out"
    SILENT = "silent"
    REVOKED = "revoked"


@dataclass(slots=True, kw_only=True)
class ChildRecord:
    """One child. Moments in elapsed microseconds.

    ``returned`` names the run whose tail was given back, ``revoked`` the one for which it was killed.
    """

    pid: int
    owner: str
    slot: int
    generation: int
    born_at: int
    ready: bool = False
    leaving: bool = False
    killed: Cause | None = None
    returned: tuple[str, int] | None = None
    revoked: tuple[str, int] | None = None


@dataclass(slots=True)
class Roster:
    """Knows how many children there are to be, and decides; the caller forks and kills.

    A generation is proved once one child of it is ready; until then there is one at a time, so that an application that
    cannot be imported says so once. After ``reload`` the children of the former generation are replaced one by one.
    """

    concurrency: int
    draw: Callable[[], float] = random
    generation: int = 1
    children: dict[int, ChildRecord] = field(default_factory=dict)
    start_at: int = 0
    _proved: bool = False
    _backoff: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self._backoff = Backoff(draw=self.draw)

    def missing(self, now: int) -> int:
        """Return how many children to fork now."""
        if now < self.start_at:
            return 0
        staying = self._staying()
        if not self._proved or any(child.generation != self.generation for child in staying):
            return 0 if any(not child.ready for child in staying) else 1
        return max(0, self.concurrency - len(staying))

    def born(self, child: ChildRecord) -> None:
        """Take a child in."""
        self.children[child.pid] = child

    def became_ready(self, child: ChildRecord) -> None:
        """Note that a child has its application and claims."""
        child.ready = True
        if child.generation == self.generation:
            self._proved = True

    def died(self, pid: int, now: int, *, done: int = 0) -> ChildRecord:
        """Strike a child out; one that nobody wanted dead, and that had ``done`` no task, delays the next start."""
        child = self.children.pop(pid)
        if child.leaving or child.killed is not None:
            return child
        if done:
            self._backoff.recovered()
        wait = self._backoff.failed(now - child.born_at)
        # The first death is no storm; its successor starts at once.
        self.start_at = now + (wait if self._backoff.failures > 1 or not child.ready else 0)
        return child

    def reload(self) -> None:
        """Begin a new generation."""
        self.generation += 1
        self._proved = False
        self.start_at = 0
        self._backoff.recovered()

    def keep_former(self) -> bool:
        """Give a reload up, because its first child failed; return whether there is a former generation to keep."""
        former = [child for child in self._staying() if child.ready]
        for child in former:
            child.generation = self.generation
        self._proved = bool(former)
        return self._proved

    def to_retire(self) -> ChildRecord | None:
        """Return a child that may leave because its replacement is ready."""
        staying = self._staying()
        stale = [child for child in staying if child.generation != self.generation]
        ready = sum(child.ready for child in staying)
        return stale[0] if stale and ready > self.concurrency else None

    def complete(self) -> bool:
        """Return whether all children are ready and of this generation."""
        ready = [child for child in self._staying() if child.ready and child.generation == self.generation]
        return len(ready) >= self.concurrency

    def _staying(self) -> list[ChildRecord]:
        return [child for child in self.children.values() if not child.leaving and child.killed is None]
