"""The loops of one process that claim, run and settle, each in a thread of its own."""

import logging
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from typing import Final
from uuid import uuid4

from beatd.processes.backoff import Backoff
from beatd.processes.pause import pause
from beatd.processes.running import belong_to_no_task
from beatd.worker.child import Child
from beatd.worker.guard import Guard
from beatd.worker.slots import Order, Sight, Slot, SlotBoard
from beatd.worker.spec import WorkerBroker, WorkerSpec

SECOND: Final = 1_000_000

logger = logging.getLogger("beatd.worker")


@dataclass(frozen=True, slots=True)
class Failed:
    """A loop that ended in an error of its own, and what it had in hand."""

    owner: str
    sight: Sight | None
    how: str


class Loops:
    """``count`` of them. ``open_broker`` is called in each one's thread; ``poke`` wakes who attends to them.

    Safe to share between their threads and the one that attends.
    """

    def __init__(
        self, spec: WorkerSpec, count: int, open_broker: Callable[[], WorkerBroker], poke: Callable[[], None]
    ) -> None:
        self._spec = spec
        self._open_broker = open_broker
        self._poke = poke
        self._board = SlotBoard(count)
        self._mark = uuid4().hex[:6]
        self._lock = Lock()
        self._born = 0
        self._owners = [self._new_owner() for _ in range(count)]
        self._at_work = set(range(count))
        self._begun: set[int] = set()
        self._failed: deque[Failed] = deque()
        self._warned = False

    def work(self, index: int) -> None:
        """Claim and run tasks in this thread until told to leave. What fails beside a task is told, and begun anew."""
        belong_to_no_task()
        backoff = Backoff()
        try:
            while self._board.ordered(index) is not Order.LEAVE:
                began = self._spec.clock.elapsed()
                try:
                    self._live(index)
                except BaseException as error:  # noqa: BLE001  nobody else would notice a thread that is gone
                    self._abandon(index, error)
                    wait = backoff.failed(self._spec.clock.elapsed() - began)
                    pause(wait, self._spec.clock, until=lambda: self._board.ordered(index) is Order.LEAVE)
        finally:
            self._at_work.discard(index)
            self._poke()

    def working(self) -> bool:
        """Return whether a loop has not ended yet."""
        return bool(self._at_work)

    def complete(self) -> bool:
        """Return whether all have begun to claim."""
        return len(self._begun) == self._board.count

    def tell(self, order: Order) -> None:
        """Give an order to all."""
        for index in range(self._board.count):
            self._board.order(index, order)

    def owners(self) -> list[str]:
        """Return whose leases are to be renewed."""
        return list(self._owners)

    def sights(self) -> list[tuple[str, Sight | None]]:
        """Return each loop's owner, and what it does."""
        return [(owner, self._board.read(index)) for index, owner in enumerate(self.owners())]

    def failed(self) -> list[Failed]:
        """Return those whose messages are to be put back; each once."""
        return [self._failed.popleft() for _ in range(len(self._failed))]

    def _live(self, index: int) -> None:
        with closing(Guard()) as guard:
            broker = self._open_broker()
            try:
                slot, owner = Slot(self._board, index), self._owners[index]
                Child(self._spec, broker, slot, owner=owner, poke=lambda: self._on_poke(index), guard=guard).run()
            finally:
                broker.close()

    def _on_poke(self, index: int) -> None:
        """Note that a loop has begun to claim, or that a task with a hard limit begins."""
        self._begun.add(index)
        sight = self._board.read(index)
        if sight is not None and sight.limit:
            self._warn()
        self._poke()

    def _warn(self) -> None:
        with self._lock:
            warned, self._warned = self._warned, True
        if not warned:
            fields = {"action": "limit"}
            pool = self._spec.pool
            logger.warning("the %s pool does not enforce time_limit; soft_time_limit holds", pool, extra=fields)

    def _abandon(self, index: int, error: BaseException) -> None:
        owner, sight = self._owners[index], self._board.read(index)
        fields = {"action": "restart", "worker": owner}
        what = "the worker's loop" if self._spec.pool == "solo" else "a thread of the worker"
        logger.error("%s failed and begins anew", what, exc_info=error, extra=fields)
        # Under another name: what is put back must not be what it claims from here on.
        self._owners[index] = self._new_owner()
        Slot(self._board, index).idle(self._spec.clock.elapsed())
        self._failed.append(Failed(owner, sight, f"failed with {type(error).__name__}: {error}"))
        self._poke()

    def _new_owner(self) -> str:
        with self._lock:
            self._born += 1
            return f"{self._spec.name}/{self._mark}.{self._born}"
