"""The scheduler: looks after the parts it holds, and says when it wants to be called again."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from beatd.core.identity import PARTS, part_of
from beatd.core.settling import Rules
from beatd.ports import Clock, Definitions, Holding, Installation, Leases, Records, Repairs
from beatd.scheduler.book import Book
from beatd.scheduler.emitter import Emitter
from beatd.scheduler.housekeeping import Housekeeping
from beatd.scheduler.report import Report
from beatd.scheduler.sources import SourceSet
from beatd.scheduler.timekeeper import SECOND, Timekeeper
from beatd.schedules.moments import iso

_log = logging.getLogger("beatd.scheduler")

TTL = 6 * SECOND
# Where others are live, what one of them gives back waits for the next renewal of another, and its fires with it.
RENEW_ALONE, RENEW_AMONG_OTHERS = TTL // 3, TTL // 12
POLL = 1 * SECOND
SWEEP = 600 * SECOND
"""How long after a look at all records, for versions that the store has lost, the next one begins."""
SLICE = 1000
"""How many records are looked at in a second."""

LATE_SLICE = SECOND // 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The stores a scheduler works on, and the stores' clock; ``witness``: this host's own, where that is another."""

    records: Records
    definitions: Definitions
    leases: Leases
    repairs: Repairs
    clock: Clock
    witness: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a scheduler works. ``late_after`` in microseconds, ``catch_up_rate`` in fires a second.

    ``max_clock_skew``: by how many microseconds the store's clock and the witness may differ.
    ``catch_up``: go on after the store went back, firing again what it forgot. ``installation``: the id of the state
    that is known from before; in any other nothing is fired, until an operator confirms it.
    """

    namespace: str
    late_after: int
    catch_up_rate: int
    max_clock_skew: int = 30 * SECOND
    catch_up: bool = False
    installation: str | None = None


class Scheduler:
    """Fires what is due for the parts it holds. Safety rests on the step alone, never on leases or clocks."""

    def __init__(
        self, ports: Ports, sources: SourceSet, terms: Terms, *, holder: str, housekeeping: Housekeeping | None = None
    ) -> None:
        self._ports = ports
        self._sources = sources
        self._terms = terms
        self._holder = holder
        self._housekeeping = housekeeping
        self._time = Timekeeper(ports.clock)
        self._book = Book()
        self.report = Report()
        rules = Rules(terms.namespace, terms.late_after)
        self._emitter = Emitter(
            ports.records, self._book, self._time, rules, self.report, catch_up_rate=terms.catch_up_rate
        )
        self._parts: frozenset[int] = frozenset()
        self._holding: Holding | None = None
        self._renew_at = self._poll_at = self._sweep_at = self._trusted_until = 0
        self._holding_since: int | None = None
        self._strange = False
        self._sweep_place = ""
        self._mark = 0
        self._forced = False
        self._skewed = False
        self._installation = terms.installation
        self._digest = ""

    def start(self) -> None:
        """Install the state, apply the sources, learn the set. Raises what a user must mend before anything runs."""
        installation = self._ports.definitions.install()
        self._installation = self._installation or installation.id
        if installation.rolled_back_at is not None and self._terms.catch_up:
            self._ports.definitions.mark_rolled_back(None)
        for library, (former, present) in self._ports.definitions.remember_libraries().items():
            # Fires that are settled stay so; those to come may move.
            said = f"{library} {present} computes fire times now; it was {former}"
            _log.warning(said, extra={"action": "library_changed"})
        again = any(scheduler.holder == self._holder for scheduler in self._ports.leases.holders())
        self._sources.start(again=again)
        self._renew()

    def stop(self) -> None:
        """Give the parts back, so that another scheduler takes over at once."""
        self._ports.leases.release(self._holder)

    def tick(self) -> int:
        """Do what is to be done now; return in how many microseconds to come again. Costs what is due."""
        elapsed = self._time.elapsed()
        # A lease that ran out in an outage is asked for again with the first request that may be answered.
        if elapsed >= self._renew_at or (self._holding is not None and elapsed >= self._trusted_until):
            self._renew()
        if elapsed >= self._poll_at:
            self._poll_at = elapsed + POLL
            self._notice()
        if self._may_emit() and elapsed >= self._sweep_at:
            self._sweep()
        if self._may_emit():
            self._went_back(self._emitter.recall())
        # Asked again: a store that went back may have changed the answer.
        if self._may_emit():
            self._emitter.fire_due()
            self._emitter.drain_late()
            if self._housekeeping is not None:
                self._housekeeping.tick(self._time.now(), elapsed)
        return self._pause()

    def look(self, *, forced: bool = False) -> None:
        """Look at the sources with the next tick; ``forced``: read them even if they do not seem changed."""
        self._forced = self._forced or forced
        self._poll_at = 0

    def next_fire(self) -> int | None:
        """Return the earliest moment on the agenda, in microseconds since the epoch."""
        return self._emitter.next()

    @property
    def on_standby(self) -> bool:
        """Whether this scheduler holds no part."""
        return not self._parts

    def _renew(self) -> None:
        """Renew the lease; take up what was gained, let go of what was lost."""
        asked_at = self._time.elapsed()
        alone = self._holding is None or self._holding.holders < 2
        self._renew_at = asked_at + (RENEW_ALONE if alone else RENEW_AMONG_OTHERS)
        if self._stands_aside():
            return
        former, holding = self._holding, self._ports.leases.renew(self._holder, ttl=TTL, status=self._status())
        self.report.trips += 1
        self.report.tell_rest()
        # Trust is counted from before the request, so that a slow answer never makes a lease longer.
        self._holding, self._trusted_until = holding, asked_at + TTL
        self._emitter.installed = holding.installation.since
        self._say_mark(former, holding)
        self._look_at_id(holding)
        self._learn_if_new(holding.installation)
        if former is None or holding.parts != self._parts:
            self._take_parts(holding.parts, first=former is None)

    def _take_parts(self, parts: frozenset[int], *, first: bool) -> None:
        gained, lost = parts - self._parts, self._parts - parts
        if bool(parts) != bool(self._parts):
            self._holding_since = self._time.now() if parts else None
        self._parts -= lost
        self._emitter.drop(set(self._book.names(lost)))
        # Read anew: another scheduler may have moved them. Only then are the parts ours, or a failure here would leave
        # them on no agenda.
        distance = self._emitter.read_records(list(self._book.names(gained))) if gained else 0
        self._parts = parts
        if first or gained or lost:
            self._say_parts()
        self._went_back(distance)

    def _say_parts(self) -> None:
        if not self._parts:
            said = "standing by: another scheduler holds the schedule"
        elif len(self._parts) == PARTS:
            said = "holding the schedule"
        else:
            said = f"holding {len(self._parts)} of {PARTS} parts of the schedule"
        _log.info(said, extra={"action": "holding" if self._parts else "standby", "parts": len(self._parts)})

    def _stands_aside(self) -> bool:
        """Give the parts back while this host's clock and the store's are too far apart, and say so."""
        skew = self._skew()
        former, self._skewed = self._skewed, abs(skew) > self._terms.max_clock_skew
        if self._skewed and not former:
            said = "this host's clock is %s s off the store's: standing by until they agree; set both by NTP"
            _log.error(said, round(skew / SECOND, 1), extra={"action": "clock_skew", "skew_ms": skew // 1000})
        if self._skewed and self._holding is not None:
            self._ports.leases.release(self._holder)
            self._holding = None
            self._take_parts(frozenset(), first=False)
        return self._skewed

    def _skew(self) -> int:
        """Return by how many microseconds this host's clock is ahead of the store's."""
        return 0 if self._ports.witness is None else self._ports.witness.now() - self._time.now()

    def _learn_if_new(self, installation: Installation) -> None:
        """Learn what is new; where the set is another one under a number already known, all of it again."""
        if installation.digest == self._digest and not self._emitter.strangers:
            return
        strangers = set(self._emitter.strangers)
        again = installation.revision <= self._book.revision or strangers
        self._emitter.strangers.clear()
        self._digest = installation.digest
        self._learn(after=0 if again else self._book.revision)
        if any(not self._book.knows_version(name) for name in strangers):
            # All of the set was read after these records were, and it lacks their versions.
            self._mend(sorted(strangers))

    def _sweep(self) -> None:
        """Look for versions that the store has lost, some records at a time, so that no fire waits for it."""
        lost, self._sweep_place = self._ports.repairs.lost(self._sweep_place, SLICE)
        self.report.trips += 1
        self._sweep_at = self._time.elapsed() + (SECOND if self._sweep_place else SWEEP)
        if lost:
            self._mend(lost)

    def _mend(self, names: list[str]) -> None:
        """Let what the set says now succeed the versions that the store has lost."""
        lost = self._ports.repairs.mend(names)
        self.report.trips += 1
        if not lost:
            return
        self._learn(after=0)
        self._went_back(self._emitter.read_records(lost))
        lost = [name for name in lost if name in self._book and not self._book.knows_version(name)]
        for name in lost:
            self.report.lost(name)
        self._emitter.succeed(self._mine(lost))
        self.look(forced=True)

    def _learn(self, *, after: int) -> None:
        versions = self._ports.definitions.load(after=after)
        names = self._book.learn(versions, whole=after == 0)
        for name in names:
            self.report.unreadable(name, self._book.unreadable(name))
        self._emitter.plan(self._mine(names))

    def _notice(self) -> None:
        """Look at the sources, and at records that people changed (pause, resume)."""
        forced, self._forced = self._forced, False
        self._sources.reload(forced=forced)
        self._learn(after=self._book.revision)
        self._mark, records = self._ports.records.noticed(self._mark)
        for name, record in records.items():
            self._book.settle(name, record)
        self._emitter.plan(self._mine(list(records)))

    def _mine(self, names: list[str]) -> list[str]:
        if len(self._parts) == PARTS:
            return names
        return [name for name in names if part_of(name) in self._parts]

    def _went_back(self, distance: int) -> None:
        """Obey a store that went back; far back, nothing is emitted until an operator says how to go on."""
        if not distance:
            return
        self.report.rolled_back += 1
        far = distance > self._terms.late_after
        if not far:
            # Far back it is told with the mark, or as another store; once, however many entries it forgot of.
            _log.error("the store went back", extra={"action": "rolled_back"})
        # What else it forgot or brought back, an edit or a pause for one, is in what nobody asked for.
        self._learn(after=0)
        self._emitter.read_records(list(self._book.names(self._parts)))
        if far:
            state = self._ports.repairs.find()
            # One that was lost or swapped did not go back: a mark in it would be one repair more to do.
            if state is not None and state.id == self._installation:
                self._ports.definitions.mark_rolled_back(self._time.now())
            self._renew()

    def _say_mark(self, former: Holding | None, holding: Holding) -> None:
        marked = holding.installation.rolled_back_at is not None
        if marked and (former is None or former.installation.rolled_back_at is None):
            _log.error(
                "the store went back: nothing is fired until `beatd forward --to now --reason TEXT` settles what it "
                "owes, or `beatd run --catch-up` fires it again",
                extra={"action": "rolled_back"},
            )

    def _look_at_id(self, holding: Holding) -> None:
        """Take note of a store that is another one than before; go on in it once an operator has confirmed it."""
        state, strange = holding.installation, self._strange
        self._strange = state.id != self._installation
        if self._strange and self._installation in state.replaces:
            _log.warning("going on in the state that was put in place", extra={"action": "state_replaced"})
            self._installation, self._strange, self._digest = state.id, False, ""
            self._book = self._emitter.book = Book()
            self._parts = frozenset()
            self._sweep_at, self._sweep_place = 0, ""
            self.look(forced=True)
        elif self._strange and not strange:
            said = "the store is another one than before: nothing is fired until `beatd state init --from now|TIME`"
            _log.error(said, extra={"action": "strange_store"})

    def _may_emit(self) -> bool:
        """Whether this scheduler holds something, for not longer than its lease, in a store that did not go back."""
        holding = self._holding
        return bool(
            self._parts
            and holding is not None
            and holding.installation.rolled_back_at is None
            and holding.installation.id == self._installation
            and self._time.elapsed() < self._trusted_until
        )

    def _status(self) -> Mapping[str, object]:
        return {
            **self.report.as_mapping(),
            "entries": len(self._emitter),
            "late": self._emitter.late,
            "clock_held": self._time.holding,
            "clock_back_until": self._time.back_until,
            "clock_skew_ms": self._skew() // 1000,
            "set_refused": self._sources.refused,
            "holding_since": None if self._holding_since is None else iso(self._holding_since),
            "strange_store": self._strange,
            "installation": self._installation,
        }

    def _pause(self) -> int:
        """Return the microseconds until something is to be done."""
        elapsed = self._time.elapsed()
        waits = [self._renew_at - elapsed, self._poll_at - elapsed]
        if self._may_emit():
            if self._emitter.unsure:
                return 0
            if self._emitter.late:
                waits.append(LATE_SLICE)
            if (moment := self._emitter.next()) is not None:
                waits.append(moment - self._time.now())
        return max(0, min(waits))
