"""As many children as there is work for: asks how much waits, and lets those go that rest."""

import logging
from typing import Final

from beatd.worker.duties import Duties
from beatd.worker.roster import ChildRecord, Roster
from beatd.worker.scale import Scale
from beatd.worker.slots import Order, Sight, SlotBoard
from beatd.worker.spec import WorkerSpec

SECOND: Final = 1_000_000
_RECENTLY: Final = 2 * SECOND

logger = logging.getLogger("beatd.worker")


class Autoscale:
    """Sets the roster's ``concurrency``, between the bounds of the spec. It does nothing while the broker is away."""

    def __init__(self, spec: WorkerSpec, roster: Roster, board: SlotBoard, duties: Duties) -> None:
        least, most = spec.autoscale or (spec.concurrency, spec.concurrency)
        self._scale = Scale(least, most, spec.idle_after)
        self._roster = roster
        self._board = board
        self._duties = duties

    def turn(self, now: int) -> None:
        """Look once; ``now`` in elapsed microseconds."""
        if not self._duties.has_outage():
            self._raise(now)
            self._lower(now)

    def _raise(self, now: int) -> None:
        """Let there be more children where more waits than those that are there can begin."""
        roster, staying = self._roster, self._roster.staying()
        if roster.concurrency >= self._scale.most or now < roster.start_at:
            return
        # Who has nothing to do would have claimed what waits: an idle worker asks for nothing.
        if all(now - child.active_at > _RECENTLY for child in staying):
            return
        waiting = self._duties.waiting()
        if waiting is not None:
            busy = sum(sight is not None and sight.message is not None for sight in map(self._sight, staying))
            self._resize(self._scale.raised(roster.concurrency, busy=busy, waiting=waiting), waiting)

    def _lower(self, now: int) -> None:
        """Let those go that have had nothing to do for long; one that begins a task at this moment ends it first."""
        roster = self._roster
        if roster.concurrency <= self._scale.least or not roster.complete():
            return
        idle = [child for child in roster.staying() if not child.waits and self._is_idle(child)]
        leaving = self._scale.to_dismiss(roster.concurrency, idle, now)
        for child in leaving:
            child.leaving = True
            self._board.order(child.slot, Order.LEAVE)
        self._resize(roster.concurrency - len(leaving), 0)

    def _is_idle(self, child: ChildRecord) -> bool:
        sight = self._sight(child)
        return sight is not None and sight.message is None

    def _sight(self, child: ChildRecord) -> Sight | None:
        return self._board.read(child.slot)

    def _resize(self, concurrency: int, waiting: int) -> None:
        if concurrency != self._roster.concurrency:
            fields = {"action": "scale", "children": concurrency, "before": self._roster.concurrency}
            logger.info("the number of children changes", extra={**fields, "waiting": waiting})
            self._roster.concurrency = concurrency
