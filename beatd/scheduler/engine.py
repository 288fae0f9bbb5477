"""The scheduler: looks after the parts it holds, and says when it wants to be called again."""

import logging
from collections.abc import Mapping, Sequence

from beatd.core.identity import PARTS, part_of
from beatd.core.settling import Rules
from beatd.ports import Holding, Installation
from beatd.scheduler.book import Book
from beatd.scheduler.claims import SET
from beatd.scheduler.deference import Deference
from beatd.scheduler.emitter import Emitter
from beatd.scheduler.housekeeping import Housekeeping
from beatd.scheduler.intake import Intake
from beatd.scheduler.report import Report
from beatd.scheduler.sources import SourceSet
from beatd.scheduler.tables.orphans import Orphans
from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.tables.tables import Tables
from beatd.scheduler.terms import Ports, Terms
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

TURN = SECOND // 50
"""How long records are read, of parts that were gained for one, before what is due is fired."""


class Scheduler:
    """Fires what is due for the parts it holds. Safety rests on the step alone, never on leases or clocks."""

    def __init__(
        self,
        ports: Ports,
        sources: SourceSet,
        terms: Terms,
        *,
        holder: str,
        housekeeping: Housekeeping | None = None,
        readers: Sequence[Reader] = (),
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
        self._intake = Intake(self._emitter)
        self._tables = Tables(readers, self._emitter, self._time, self.report, lambda name: bool(self._mine([name])))
        self._deference = Deference(ports.leases, holder)
        self._orphans = Orphans(ports.past, ports.records)
        self._parts: frozenset[int] = frozenset()
        """Those that are held and whose records were read since."""
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
        strict = self._terms.strict and not again
        if self._tables:
            self._tables.check(strict=strict)
            self._sources.elsewhere = self._holding_before
            self._sources.above = lambda: max(self._book.highest, self._time.now())
        self._sources.start(again=again)
        if self._tables and strict:
            self._learn(after=0)
            self._tables.refuse_taken()
        self._renew()
        self._read_on()
        if self._tables:
            self._sources.elsewhere, self._sources.contested = self._tables.ruled, self._tables.contest_set

    def _holding_before(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return which of these names tables have, and the set as it is has not, each with where."""
        of_set = {version.name: version for version in self._ports.definitions.load(names=names)}
        return self._tables.holding(names, of_set)

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
        self._read_on()
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
        return not (self._parts or self._intake.parts)

    def _renew(self) -> None:
        """Renew the lease; take up what was gained, let go of what was lost."""
        asked_at = self._time.elapsed()
        alone = self._holding is None or self._holding.holders < 2
        self._renew_at = asked_at + (RENEW_ALONE if alone else RENEW_AMONG_OTHERS)
        if self._stands_aside() or self._defers(asked_at):
            self._let_go()
            return
        former, holding = self._holding, self._ports.leases.renew(self._holder, ttl=TTL, status=self._status())
        self.report.trips += 1
        self.report.tell_rest()
        # Trust is counted from before the request, so that a slow answer never makes a lease longer.
        if former is not None and asked_at >= self._trusted_until:
            self._tables.catch_up()
        self._holding, self._trusted_until = holding, asked_at + TTL
        self._emitter.installed = holding.installation.since
        marked = holding.installation.rolled_back_at is not None
        if marked and (former is None or former.installation.rolled_back_at is None):
            self.report.marked()
        self._look_at_id(holding)
        self._learn_if_new(holding.installation)
        if former is None or holding.parts != self._parts | self._intake.parts:
            self._take_parts(holding.parts, first=former is None)

    def _take_parts(self, parts: frozenset[int], *, first: bool) -> None:
        held = self._parts | self._intake.parts
        gained, lost = parts - held, held - parts
        if bool(parts) != bool(held):
            self._holding_since = self._time.now() if parts else None
        self._parts -= lost
        self._intake.lose(lost)
        self._emitter.drop(set(self._book.names(lost)))
        self._intake.gain(gained)
        if (first and not gained) or lost:
            self.report.holds(len(self._parts))

    def _read_on(self) -> None:
        """Read records that are to be read, not for long, so that neither a fire nor the lease waits for a million."""
        until = self._time.elapsed() + TURN
        while self._read_some() and self._time.elapsed() < until:
            pass

    def _read_some(self) -> bool:
        """Read some records, or take up some of what was read of tables; return whether there was any."""
        if self._intake.is_idle or self._tables.are_behind:
            names = self._tables.take()
            self._plan_new(names or [])
            if names is not None or self._intake.is_idle:
                return names is not None
        # Only parts of which all is read are ours, or a failure here would leave them on no agenda.
        ready, distance = self._intake.step()
        self._parts |= ready
        if ready:
            self._tables.gained()
        if ready and not self._intake.parts:
            self.report.holds(len(self._parts))
        self._went_back(distance)
        return True

    def _plan_new(self, names: list[str]) -> None:
        """Plan names of tables; those that may have a record that was never read, once it is."""
        new = dict.fromkeys(name for name in names if self._book.record(name) is None)
        self._plan([name for name in names if name not in new])
        held = self._parts | self._intake.parts
        self._intake.add(new if len(held) == PARTS else (name for name in new if part_of(name) in held))

    def _stands_aside(self) -> bool:
        """Whether this host's clock and the store's are too far apart to hold anything; say so."""
        skew = self._skew()
        former, self._skewed = self._skewed, abs(skew) > self._terms.max_clock_skew
        if self._skewed and not former:
            said = "this host's clock is %s s off the store's: standing by until they agree; set both by NTP"
            _log.error(said, round(skew / SECOND, 1), extra={"action": "clock_skew", "skew_ms": skew // 1000})
        return self._skewed

    def _defers(self, elapsed: int) -> bool:
        """Whether to leave everything to another scheduler; one that is alone need not ask."""
        alone = self._holding is not None and self._holding.holders < 2 and elapsed < self._trusted_until
        return not alone and self._deference.is_due(self._time.now(), elapsed, self._tables)

    def _let_go(self) -> None:
        if self._holding is not None:
            self._ports.leases.release(self._holder)
            self._holding = None
            self._take_parts(frozenset(), first=False)

    def _skew(self) -> int:
        """Return by how many microseconds this host's clock is ahead of the store's."""
        return 0 if self._ports.witness is None else self._ports.witness.now() - self._time.now()

    def _learn_if_new(self, installation: Installation) -> None:
        """Learn what is new; where the set is another one under a number already known, all of it again."""
        if self._tables:
            # Of what the set has, too, the set is read first: it may be its version.
            of_tables = [name for name in self._emitter.strangers if self._book.newest(name, SET) is None]
            self._tables.doubt(of_tables)
            self._emitter.strangers.difference_update(of_tables)
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
            if self._tables:
                # The set has held these all along: the version is a row's that is gone.
                self._tables.doubt(name for name in sorted(strangers) if not self._book.knows_version(name))

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
        self._plan(names)

    def _notice(self) -> None:
        """Look at the sources, and at records that people changed (pause, resume)."""
        if self._may_emit() and self._tables and self._tables.are_loaded:
            self._tables.doubt(self._orphans.find(self._book, self._time.elapsed()))
        # Until all rows are known, a name of the set might be one that a table has had first.
        if self._tables.are_loaded:
            forced, self._forced = self._forced, False
            self._sources.reload(forced=forced)
        self._learn(after=self._book.revision)
        if self._tables:
            # Behind the set: a row may have its name now.
            self._tables.look()
        self._mark, records = self._ports.records.noticed(self._mark)
        for name, record in records.items():
            self._book.settle(name, record)
        self._plan(list(records))

    def _plan(self, names: list[str]) -> None:
        """Put those on the agenda that are ours; of parts that are being taken over, once their records are read."""
        self._emitter.plan(self._mine(names))
        if gaining := self._intake.parts:
            self._intake.add(name for name in names if part_of(name) in gaining)

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

    def _look_at_id(self, holding: Holding) -> None:
        """Take note of a store that is another one than before; go on in it once an operator has confirmed it."""
        state, strange = holding.installation, self._strange
        self._strange = state.id != self._installation
        if self._strange and self._installation in state.replaces:
            _log.warning("going on in the state that was put in place", extra={"action": "state_replaced"})
            self._installation, self._strange, self._digest = state.id, False, ""
            self._book = self._emitter.book = Book()
            self._parts, self._intake = frozenset(), Intake(self._emitter)
            self._sweep_at, self._sweep_place = 0, ""
            self._renew_at = 0  # so that everybody sees at once that this one goes on
            self._tables.read_again()
            self.look(forced=True)
        elif self._strange and not strange:
            said = "the store is another one than before: nothing is fired until `beatd state init --from now|TIME`"
            _log.error(said, extra={"action": "strange_store"})

    def _may_emit(self) -> bool:
        """Whether this scheduler holds something, for not longer than its lease, in a store that did not go back."""
        holding = self._holding
        return bool(
            not self.on_standby  # of parts that are still being read, only what is read is on the agenda
            and holding is not None
            and holding.installation.rolled_back_at is None
            and holding.installation.id == self._installation
            and self._time.elapsed() < self._trusted_until
            and not self._tables.are_behind
        )

    def _status(self) -> Mapping[str, object]:
        return {
            **self.report.as_mapping(),
            "entries": len(self._emitter),
            "late": self._emitter.late,
            "next_due": None if (due := self._emitter.next_due()) is None else iso(due),
            "clock_held": self._time.holding,
            "clock_back_until": self._time.back_until,
            "clock_skew_ms": self._skew() // 1000,
            "set_refused": self._sources.refused,
            "tables": self._tables.status(),
            "holding_since": None if self._holding_since is None else iso(self._holding_since),
            "strange_store": self._strange,
            "installation": self._installation,
        }

    def _pause(self) -> int:
        """Return the microseconds until something is to be done."""
        elapsed = self._time.elapsed()
        if not (self._intake.is_idle and self._tables.are_idle):
            return 0
        waits = [self._renew_at - elapsed, self._poll_at - elapsed]
        if self._may_emit():
            if self._emitter.unsure:
                return 0
            if self._emitter.late:
                waits.append(LATE_SLICE)
            if (moment := self._emitter.next()) is not None:
                waits.append(moment - self._time.now())
        return max(0, min(waits))
