"""The supervisor's children as processes: forked, watched through their slots, killed, reaped."""

import logging
import signal
from collections.abc import Callable, Iterator
from typing import Final
from uuid import uuid4

from beatd.core.message import Message
from beatd.processes.memory import resident
from beatd.processes.process import Process
from beatd.worker.autoscale import Autoscale
from beatd.worker.child import STALL
from beatd.worker.duties import Duties, Return
from beatd.worker.loss import Loss, failed_with, how_it_ended, lost, revoked, timed_out
from beatd.worker.roster import Cause, ChildRecord, Notice, Roster
from beatd.worker.slots import Order, Sight, SlotBoard
from beatd.worker.spec import WorkerSpec
from beatd.worker.template.early import EarlyTemplate
from beatd.worker.template.nursery import STACK_TIME, Nursery, Template, TemplateLostError
from beatd.worker.wear import is_nearly_worn, too_large

SECOND: Final = 1_000_000
_WEIGH_EVERY: Final = 1 * SECOND
_SILENT: Final = "a child between two tasks gives no sign of life; its stack follows, and it is killed"
_OVER_LIMIT: Final = "a task is over its time limit; its stack follows, and it is killed"
_WHY: Final = {Cause.SILENT: _SILENT, Cause.LIMIT: _OVER_LIMIT}
_NOT_READY: Final = "a child does not become ready; its stack follows, and it is killed"

logger = logging.getLogger("beatd.worker")


class Brood:
    """Carries out what the roster decides. ``poke`` is called in children to wake the supervisor.

    ``early``: a template that is there already; it has a board of its own, which is large enough for any worker.
    """

    def __init__(
        self, spec: WorkerSpec, duties: Duties, poke: Callable[[], None], early: EarlyTemplate | None = None
    ) -> None:
        self._spec = spec
        self._clock = spec.clock
        self._duties = duties
        self.roster = Roster(spec.concurrency)
        # While a generation is replaced, those that leave still hold their slots.
        slots = 2 * max(spec.autoscale or (spec.concurrency,)) + 1
        self._board = SlotBoard(slots) if early is None else early.board
        self._autoscale = None if spec.autoscale is None else Autoscale(spec, self.roster, self._board, duties)
        # A child must not inherit an open connection; SQLite's locks, for one, would seem to be its own.
        self._nursery = Nursery(spec, self._board, poke, before_fork=duties.close, in_child=self._let_go, early=early)
        self._free = list(range(slots))
        self._order = Order.RUN
        self._processes: dict[int, Process] = {}
        self._born = 0
        self._weigh_at = 0
        # A name may be given again, to the next run or to another worker; an owner must not be.
        self._mark = uuid4().hex[:6]

    def fill(self) -> None:
        """Fork who is missing, once there is something to fork them from."""
        now = self._clock.elapsed()
        if now < self.roster.start_at or not self._nursery.is_ready(self.roster.generation):
            return
        try:
            for _ in range(min(self.roster.missing(now), len(self._free))):
                self._fork_one()
        except TemplateLostError:
            self.roster.lost_template(now, 0)
            told = "the process that children are forked from does not fork; it is replaced"
            logger.error(told)  # noqa: TRY400  where it was raised says nothing: the other process does not answer

    def tell(self, order: Order) -> None:
        """Give an order to all children, and to those to come."""
        self._order = order
        for child in self._all():
            if not child.leaving:
                self._board.order(child.slot, self._order_for(child))
            child.leaving = child.leaving or order is Order.LEAVE

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to every child."""
        for process in self._processes.values():
            process.send(signum)
        self._nursery.signal(signum)

    def kill_all(self, cause: Cause) -> None:
        """Kill every child with all that it has started."""
        for child in self._all():
            self._kill(child, cause)

    def look(self) -> None:
        """Read the slots: who is ready, over a limit, silent, or sits on messages that others could run."""
        unwanted = self._duties.revoked(self._busy)
        # Read after that answer, which takes its time: a child may run another message by then.
        now = self._clock.elapsed()
        sights = self._sights()
        for child, sight in sights:
            if sight is not None:
                self._take_note(child, sight, now)
                self._judge(child, sight, now, unwanted)
            elif not child.ready and now - child.born_at >= self._spec.silent_after:
                self._end(child, None, Cause.SILENT, now)
        self._nursery.look(now)
        if self._spec.max_memory_per_child is not None and now >= self._weigh_at:
            self._weigh_at = now + _WEIGH_EVERY
            self._weigh(sights, self._spec.max_memory_per_child)
        if self._autoscale is not None and self._order is Order.RUN:
            self._autoscale.turn(now)
        self._make_room()

    def reap(self) -> Iterator[tuple[ChildRecord, int, Sight | None]]:
        """Yield each child that has ended, its exit code (negative: the signal), and its slot as it left it.

        Its messages are on their way back.
        """
        for child in self._all():
            code = self._processes[child.pid].reap()
            if code is None:
                continue
            del self._processes[child.pid]
            sight = self._board.read(child.slot)
            if sight is not None:
                # It may have been ready, and done all it was to do, since the last look.
                self._take_note(child, sight, self._clock.elapsed())
            begun = sight is not None and (sight.message is not None or sight.done > 0)
            self.roster.died(child.pid, self._clock.elapsed(), begun=begun)
            self._return_messages(child, sight, code)
            self._board.clear(child.slot)
            self._free.append(child.slot)
            yield child, code, sight
        self._nursery.reap_strays(self._processes.__contains__)

    def lost_templates(self) -> Iterator[tuple[Template, int]]:
        """Yield what children were forked from, or were to be, and has ended, with its exit code."""
        for template, code in self._nursery.ended():
            now = self._clock.elapsed()
            self.roster.lost_template(now, now - template.born_at)
            yield template, code

    def keep_former(self) -> bool:
        """Give a reload up; return whether there are former children that go on."""
        kept = self.roster.keep_former()
        if kept:
            self._nursery.keep_former(self.roster.generation)
        return kept

    def close(self) -> None:
        """Fork no more."""
        self._nursery.close()

    def running(self) -> int:
        """Return how many children are in the middle of a task."""
        sights = [self._board.read(child.slot) for child in self._all()]
        return sum(sight is not None and sight.message is not None for sight in sights)

    def owners(self) -> list[str]:
        """Return whose leases are to be renewed."""
        return [child.owner for child in self._all()]

    def next_at(self) -> int | None:
        """Return the elapsed moment at which the slots or the roster want attention, None for no moment known."""
        moments = [self.roster.start_at, self._nursery.next_at() or 0]
        for child in self._all():
            sight = self._board.read(child.slot)
            if sight is not None and sight.deadline:
                moments.append(sight.deadline)
            if child.notice is not None:
                moments.append(child.notice.at + STACK_TIME)
            if sight is not None and self._is_to_relieve(child, sight):
                moments.append(max(sight.started_at + 2 * STALL, self._clock.elapsed() + STALL))
        now = self._clock.elapsed()
        return min((moment for moment in moments if moment > now), default=None)

    def describe(self) -> list[dict[str, object]]:
        """Return what each child does, for people."""
        now = self._clock.elapsed()
        return [_described(child, self._board.read(child.slot), now) for child in self._all()]

    def _take_note(self, child: ChildRecord, sight: Sight, now: int) -> None:
        if not child.ready or sight.message is not None or sight.done != child.done:
            child.active_at, child.done = now, sight.done
        if not child.ready:
            self.roster.became_ready(child)
        child.leaving = child.leaving or sight.leaves
        child.worn = is_nearly_worn(sight.done, self._spec.max_tasks_per_child)

    def _judge(self, child: ChildRecord, sight: Sight, now: int, unwanted: frozenset[tuple[str, int]]) -> None:
        if sight.message is not None and (sight.message.id, sight.attempt) in unwanted:
            self._stop_revoked(child, sight, sight.message)
        elif sight.deadline and now >= sight.deadline:
            self._end(child, sight, Cause.LIMIT, now)
        elif self._is_silent(child, sight, now):
            self._end(child, sight, Cause.SILENT, now)
        elif sight.message is not None and now - sight.started_at >= 2 * STALL:
            self._relieve(child, sight)

    def _is_silent(self, child: ChildRecord, sight: Sight, now: int) -> bool:
        # The signal that asks for a stack may wake it up for a moment; that is no reason to rely on it again.
        known = child.notice is not None and child.notice.cause is Cause.SILENT
        return known or (sight.message is None and now - sight.seen_at >= self._spec.silent_after)

    def _end(self, child: ChildRecord, sight: Sight | None, cause: Cause, now: int) -> None:
        """Ask a child for its stack, and kill it a moment later; the one who runs another task by then is spared."""
        run = None
        if cause is Cause.LIMIT and sight is not None and sight.message is not None:
            run = (sight.message.id, sight.attempt, sight.started_at)
        notice = child.notice
        if notice is None or (notice.cause, notice.run) != (cause, run):
            child.notice = Notice(cause, run, now)
            fields = {"action": "kill", "pid": child.pid, "worker": child.owner, **of_run(sight)}
            logger.error(_NOT_READY if sight is None else _WHY[cause], extra=fields)
            if cause is Cause.SILENT:
                child.leaving = True
                self._board.order(child.slot, Order.LEAVE)
            self._processes[child.pid].send(signal.SIGUSR1)
            # One that was stopped has to go on to write anything.
            self._processes[child.pid].send(signal.SIGCONT)
        elif now - notice.at >= STACK_TIME:
            self._kill(child, cause)

    def _weigh(self, sights: list[tuple[ChildRecord, Sight | None]], limit: int) -> None:
        for child, sight in sights:
            why = too_large(resident(child.pid), limit)
            if why is None or child.killed is not None:
                continue
            child.why = why
            fields = {"action": "memory", "pid": child.pid, **of_run(sight), "error": why}
            logger.error("a child takes too much memory and is killed", extra=fields)
            self._kill(child, Cause.MEMORY)

    def _make_room(self) -> None:
        """Let those go whose successors are ready, and those begin who wait for a place."""
        retiring = self.roster.to_retire()
        if retiring is not None:
            retiring.leaving = True
            self._board.order(retiring.slot, Order.LEAVE)
        for child in self.roster.to_wake():
            child.waits = False
            self._board.order(child.slot, self._order)

    def _sights(self) -> list[tuple[ChildRecord, Sight | None]]:
        return [(child, self._board.read(child.slot)) for child in self._all() if child.killed is None]

    def _busy(self) -> list[str]:
        """Return the owners that are in the middle of a task."""
        return [child.owner for child, sight in self._sights() if sight is not None and sight.message is not None]

    def _all(self) -> list[ChildRecord]:
        return list(self.roster.children.values())

    def _fork_one(self) -> None:
        self._born += 1
        slot, owner = self._free[0], f"{self._spec.name}/{self._mark}.{self._born}"
        child = ChildRecord(
            pid=0,
            owner=owner,
            slot=slot,
            generation=self.roster.generation,
            born_at=self._clock.elapsed(),
            waits=self.roster.is_full(),
        )
        self._board.clear(slot)
        self._board.order(slot, self._order_for(child))
        process = self._nursery.fork(slot, owner)
        self._free.remove(slot)
        child.pid = process.pid
        self._processes[child.pid] = process
        self.roster.born(child)

    def _let_go(self) -> None:
        """Close what is the supervisor's, in a process that was forked from it."""
        for process in self._processes.values():
            process.close()

    def _order_for(self, child: ChildRecord) -> Order:
        return Order.QUIET if child.waits and self._order is Order.RUN else self._order

    def _kill(self, child: ChildRecord, cause: Cause) -> None:
        if child.killed is None:
            child.killed = cause
            self._processes[child.pid].kill()

    def _stop_revoked(self, child: ChildRecord, sight: Sight, message: Message) -> None:
        logger.warning("a running task was revoked, and is killed", extra={"action": "revoked", **of_run(sight)})
        child.revoked = (message.id, sight.attempt)
        self._kill(child, Cause.REVOKED)

    def _is_to_relieve(self, child: ChildRecord, sight: Sight) -> bool:
        if sight.message is None or child.returned == sight.run:
            return False
        return bool(sight.tail or self._board.ended(child.slot, child.owner))

    def _relieve(self, child: ChildRecord, sight: Sight) -> None:
        """Give back what a child cannot begin, and settle what it has run before, while it is held up by a task."""
        if self._is_to_relieve(child, sight):
            child.returned = sight.run
            self._settle_ended(child)
            if sight.tail:
                self._duties.give_tail_back(child.owner, sight)

    def _settle_ended(self, child: ChildRecord) -> None:
        for ended in self._board.ended(child.slot, child.owner):
            self._duties.give_back(Return(owner=child.owner, ids=(), penalty=False, settle=ended))

    def _return_messages(self, child: ChildRecord, sight: Sight | None, code: int) -> None:
        self._settle_ended(child)
        if sight is not None and sight.tail:
            self._duties.give_back(Return(owner=child.owner, ids=sight.tail, penalty=False))
        # Also a task that ends its process with 0 has to be counted, or it would run for ever.
        busy = sight is None or sight.message is not None
        penalty = code != 0 or busy if child.killed is None else busy and child.killed is Cause.MEMORY
        self._duties.give_back(Return(owner=child.owner, penalty=penalty, settle=self._loss(child, sight, code)))

    def _loss(self, child: ChildRecord, sight: Sight | None, code: int) -> Loss | None:
        if sight is None or sight.message is None:
            return None
        # It was read after its death: where the task had just ended, this is another run.
        if child.killed is Cause.LIMIT and 0 < sight.deadline <= self._clock.elapsed():
            return timed_out(sight.message, sight, child.owner, self._clock)
        if child.revoked == (sight.message.id, sight.attempt):
            return revoked(sight.message, sight, child.owner, self._clock)
        how = how_it_ended(code) if child.why is None else f"{how_it_ended(code)}: {child.why}"
        if sight.last and child.killed in {None, Cause.MEMORY}:
            return failed_with(sight.message, sight, child.owner, self._clock, how)
        return lost(sight.message, sight, child.owner, self._clock, how)


def of_run(sight: Sight | None) -> dict[str, object]:
    """Return what a line of the log says about the run that a slot shows."""
    if sight is None or sight.message is None:
        return {}
    held = sight.message
    return {"entry": held.entry, "task": held.task, "message_id": held.id, "attempt": sight.attempt}


def _described(child: ChildRecord, sight: Sight | None, now: int) -> dict[str, object]:
    fields: dict[str, object] = {"pid": child.pid, "owner": child.owner, "state": "starting"}
    if sight is None:
        return fields
    unoccupied = "waiting" if child.waits else "idle"
    state = "leaving" if child.leaving else unoccupied if sight.message is None else "busy"
    return fields | {"state": state, "done": sight.done, **sight.described(now)}
