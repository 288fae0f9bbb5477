"""The supervisor's children as processes: forked, watched through their slots, killed, reaped."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from typing import Final
from uuid import uuid4

from beatd.core.message import Message
from beatd.processes.fork import fork, kill_group
from beatd.worker.child import STALL
from beatd.worker.duties import Duties, Return
from beatd.worker.entry import run_child
from beatd.worker.loss import Loss, how_it_ended, lost, revoked, timed_out
from beatd.worker.roster import SILENT_AFTER, Cause, ChildRecord, Roster
from beatd.worker.slots import Order, Sight, SlotBoard
from beatd.worker.spec import WorkerSpec

SECOND: Final = 1_000_000

logger = logging.getLogger("beatd.worker")


class Brood:
    """Carries out what the roster decides. ``poke`` is called in children to wake the supervisor."""

    def __init__(self, spec: WorkerSpec, duties: Duties, poke: Callable[[], None]) -> None:
        self._spec = spec
        self._clock = spec.clock
        self._duties = duties
        self._poke = poke
        self.roster = Roster(spec.concurrency)
        # While a generation is replaced, those that leave still hold their slots.
        self._board = SlotBoard(2 * spec.concurrency + 1)
        self._free = list(range(self._board.count))
        self._order = Order.RUN
        self._born = 0
        # A name may be given again, to the next run or to another worker; an owner must not be.
        self._mark = uuid4().hex[:6]

    def fill(self) -> None:
        """Fork who is missing."""
        for _ in range(min(self.roster.missing(self._clock.elapsed()), len(self._free))):
            self._fork_one()

    def tell(self, order: Order) -> None:
        """Give an order to all children, and to those to come."""
        self._order = order
        for child in self._all():
            if not child.leaving:
                self._board.order(child.slot, order)
            child.leaving = child.leaving or order is Order.LEAVE

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to every child."""
        for child in self._all():
            os.kill(child.pid, signum)

    def kill_all(self, cause: Cause) -> None:
        """Kill every child with all that it has started."""
        for child in self._all():
            self._kill(child, cause)

    def look(self) -> None:
        """Read the slots: who is ready, over a limit, silent, or sits on messages that others could run."""
        now = self._clock.elapsed()
        sights = [(child, self._board.read(child.slot)) for child in self._all() if child.killed is None]
        busy = [child.owner for child, sight in sights if sight is not None and sight.message is not None]
        unwanted = self._duties.revoked(busy) if busy else frozenset()
        for child, sight in sights:
            if sight is None:
                continue
            if not child.ready:
                self.roster.became_ready(child)
            if sight.message is not None and (sight.message.id, sight.attempt) in unwanted:
                self._stop_revoked(child, sight.message, sight.attempt)
                continue
            if sight.deadline and now >= sight.deadline:
                self._kill(child, Cause.LIMIT)
            elif sight.message is None and now - sight.seen_at >= SILENT_AFTER:
                logger.error("a child is silent and is killed", extra={"action": "kill", "pid": child.pid})
                self._kill(child, Cause.SILENT)
            elif sight.tail and now - sight.started_at >= 2 * STALL:
                self._return_tail(child, sight)
        retiring = self.roster.to_retire()
        if retiring is not None:
            retiring.leaving = True
            self._board.order(retiring.slot, Order.LEAVE)

    def reap(self) -> Iterator[tuple[ChildRecord, int, Sight | None]]:
        """Yield each child that has ended, its exit code (negative: the signal), and its slot as it left it.

        Its messages are on their way back.
        """
        for child in self._all():
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            # What the task has started must not outlive it: the message may run again at once.
            kill_group(child.pid)
            sight = self._board.read(child.slot)
            self.roster.died(child.pid, self._clock.elapsed(), done=sight.done if sight else 0)
            code = os.waitstatus_to_exitcode(status)
            self._return_messages(child, sight, code)
            self._board.clear(child.slot)
            self._free.append(child.slot)
            yield child, code, sight

    def running(self) -> int:
        """Return how many children are in the middle of a task."""
        sights = [self._board.read(child.slot) for child in self._all()]
        return sum(sight is not None and sight.message is not None for sight in sights)

    def owners(self) -> list[str]:
        """Return whose leases are to be renewed."""
        return [child.owner for child in self._all()]

    def next_at(self) -> int | None:
        """Return the elapsed moment at which the slots or the roster want attention, None for no moment known."""
        moments = [self.roster.start_at]
        for child in self._all():
            sight = self._board.read(child.slot)
            if sight is not None and sight.deadline:
                moments.append(sight.deadline)
            if sight is not None and sight.tail:
                moments.append(max(sight.started_at + 2 * STALL, self._clock.elapsed() + STALL))
        now = self._clock.elapsed()
        return min((moment for moment in moments if moment > now), default=None)

    def describe(self) -> list[dict[str, object]]:
        """Return what each child does, for people."""
        now = self._clock.elapsed()
        return [_described(child, self._board.read(child.slot), now) for child in self._all()]

    def _all(self) -> list[ChildRecord]:
        return list(self.roster.children.values())

    def _fork_one(self) -> None:
        # A child must not inherit an open connection; SQLite's locks, for one, would seem to be its own.
        self._duties.close()
        self._born += 1
        slot, owner = self._free.pop(0), f"{self._spec.name}/{self._mark}.{self._born}"
        self._board.clear(slot)
        self._board.order(slot, self._order)
        pid = fork(lambda: run_child(self._spec, self._board, slot, owner, self._poke), own_group=True)
        self.roster.born(
            ChildRecord(
                pid=pid, owner=owner, slot=slot, generation=self.roster.generation, born_at=self._clock.elapsed()
            )
        )

    def _kill(self, child: ChildRecord, cause: Cause) -> None:
        if child.killed is None:
            child.killed = cause
            kill_group(child.pid)

    def _stop_revoked(self, child: ChildRecord, message: Message, attempt: int) -> None:
        fields = {"entry": message.entry, "task": message.task, "message_id": message.id, "attempt": attempt}
        logger.warning("a running task was revoked, and is killed", extra={"action": "revoked", **fields})
        child.revoked = (message.id, attempt)
        self._kill(child, Cause.REVOKED)

    def _return_tail(self, child: ChildRecord, sight: Sight) -> None:
        if sight.message is None or child.returned == (sight.message.id, sight.attempt):
            return
        child.returned = (sight.message.id, sight.attempt)
        # The child may give the tail back itself and claim it anew before this is carried out: that claim is its own.
        before = self._spec.clock.now()
        self._duties.give_back(Return(owner=child.owner, ids=sight.tail, penalty=False, before=before))

    def _return_messages(self, child: ChildRecord, sight: Sight | None, code: int) -> None:
        if sight is not None and sight.tail:
            self._duties.give_back(Return(owner=child.owner, ids=sight.tail, penalty=False))
        # Also a task that ends its process with 0 has to be counted, or it would run for ever.
        busy = sight is None or sight.message is not None
        penalty = child.killed is None and (code != 0 or busy)
        self._duties.give_back(Return(owner=child.owner, penalty=penalty, settle=self._loss(child, sight, code)))

    def _loss(self, child: ChildRecord, sight: Sight | None, code: int) -> Loss | None:
        if sight is None or sight.message is None:
            return None
        # It was read after its death: where the task had just ended, this is another run.
        if child.killed is Cause.LIMIT and 0 < sight.deadline <= self._clock.elapsed():
            return timed_out(sight.message, sight, child.owner, self._clock)
        if child.revoked == (sight.message.id, sight.attempt):
            return revoked(sight.message, sight, child.owner, self._clock)
        return lost(sight.message, sight, child.owner, self._clock, how_it_ended(code))


def _described(child: ChildRecord, sight: Sight | None, now: int) -> dict[str, object]:
    fields: dict[str, object] = {"pid": child.pid, "owner": child.owner, "state": "starting"}
    if sight is None:
        return fields
    state = "leaving" if child.leaving else "idle" if sight.message is None else "busy"
    fields |= {"state": state, "done": sight.done}
    if sight.message is not None:
        fields |= {
            "task": sight.message.task,
            "message_id": sight.message.id,
            "attempt": sight.attempt,
            "running_ms": (now - sight.started_at) // 1000,
        }
    return fields
