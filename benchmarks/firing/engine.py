"""The whole scheduler in this process, on a real store: with a clock that is moved, or with the store's own."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from beatd.config.settings import Settings
from beatd.core.entry import Draft, Entry
from beatd.core.record import Answer, Item, Record
from beatd.ports import Clock, Records
from beatd.scheduler.engine import Scheduler
from beatd.stores.code import CodeSource
from beatd.wiring.drivers import CLOCK, open_broker, open_state
from beatd.wiring.schedule import Manner, make_scheduler
from benchmarks.firing.places import NAMESPACE, Place

SECOND = 1_000_000
START = 1_800_000_000 * SECOND
EACH_SECOND = ("every 1s",)
WARM_UP, MEASURE = 3 * SECOND, 10 * SECOND


@dataclass
class MovedClock:
    """A clock that stands until it is moved; what elapses is real."""

    moment: int = START

    def now(self) -> int:
        """Return the moment that it was moved to."""
        return self.moment

    def elapsed(self) -> int:
        """Return real microseconds."""
        return CLOCK.elapsed()


@dataclass
class Watched:
    """Records that note how late each fire was when the store had answered; in microseconds, with the fire time."""

    records: Records
    clock: Clock
    late: list[tuple[int, int]] = field(default_factory=list)

    @property
    def sees_finish(self) -> bool:
        """As the store says."""
        return self.records.sees_finish

    def load(self, names: Sequence[str] | None = None) -> dict[str, Record]:
        """Pass on."""
        return self.records.load(names)

    def noticed(self, since: int) -> tuple[int, dict[str, Record]]:
        """Pass on."""
        return self.records.noticed(since)

    def step(self, items: Sequence[Item]) -> list[Answer]:
        """Pass on, and look at the clock."""
        return self.begin(items)()

    def begin(self, items: Sequence[Item]) -> Callable[[], list[Answer]]:
        """Pass on, and look at the clock when the answers are there."""
        answers = self.records.begin(items)
        return lambda: self._noted(items, answers())

    def _noted(self, items: Sequence[Item], answers: list[Answer]) -> list[Answer]:
        now = self.clock.now()
        for item, answer in zip(items, answers, strict=True):
            if answer.stored:
                self.late += [(each.fire_time, now - each.fire_time) for each in item.emissions]
        return answers


def drafts(count: int, schedules: Sequence[str] = EACH_SECOND) -> list[Draft]:
    """Return so many entries with these schedules in turn."""
    return [
        Draft(
            name=f"entry-{number}",
            place="bench",
            entry=Entry(
                name=f"entry-{number}",
                task="bench.noop",
                schedule=schedules[number % len(schedules)],
                kwargs={"number": number},
            ),
        )
        for number in range(count)
    ]


@contextmanager
def scheduling(
    place: Place, history: str, entries: list[Draft], clock: Clock | None = None
) -> Iterator[tuple[Scheduler, Watched]]:
    """Yield a scheduler that has started on an empty store."""
    place.empty()
    settings = Settings(broker=place.url, namespace=NAMESPACE, history=history)
    state, broker = open_state(settings, clock=clock), open_broker(settings, clock=clock)
    watched = Watched(state.records, state.clock)
    try:
        scheduler = make_scheduler(
            settings,
            replace(state, records=watched),
            broker,
            [CodeSource("bench", lambda: entries)],
            manner=Manner(),
            holder="bench",
            clock=clock,
        )
        scheduler.start()
        gc.collect()
        yield scheduler, watched
        scheduler.stop()
    finally:
        broker.close()
        state.close()
        place.empty()


def rate(place: Place, history: str, count: int, fires: int) -> tuple[float, float]:
    """Return the fires a second, and the share of a core that this process had, with ``count`` due each second.

    The next second begins once all of the former are emitted: what it can do, where fewer are due in real seconds too.
    """
    clock = MovedClock()
    with scheduling(place, history, drafts(count), clock) as (scheduler, watched):
        _fire_all(scheduler, clock)  # first records, which fire nothing
        clock.moment += SECOND
        _fire_all(scheduler, clock)  # first fires, of which a herd tells
        done, spent, used = 0, 0.0, 0.0
        while done < fires:
            place.take_messages()
            watched.late.clear()
            clock.moment += SECOND
            begun, cpu = time.perf_counter(), time.process_time()
            _fire_all(scheduler, clock)
            spent += time.perf_counter() - begun
            used += time.process_time() - cpu
            done += len(watched.late)
            if len(watched.late) != count:
                raise AssertionError(f"{len(watched.late)} of {count} fires")
    return done / spent, used / spent


def _fire_all(scheduler: Scheduler, clock: MovedClock) -> None:
    scheduler.tick()
    while (moment := scheduler.next_fire()) is None or moment <= clock.moment:
        scheduler.tick()


def herd(place: Place, history: str, count: int) -> list[int]:
    """Return how late each of so many fires at one instant was, in microseconds; in real time."""
    for margin in (5, 20, 80):
        instant = (CLOCK.now() // SECOND + margin + count // 10_000) * SECOND
        offset = f"every 1d offset {instant // SECOND % 86_400}s"
        with scheduling(place, history, drafts(count, [offset])) as (scheduler, watched):
            if watched.clock.now() < instant - SECOND:
                _live(scheduler, watched, instant)
                if len(watched.late) != count:
                    raise AssertionError(f"{len(watched.late)} of {count} fires")
                return [late for _, late in watched.late]
    raise AssertionError("it takes too long to start")


def each_second(place: Place, history: str, count: int, schedules: Sequence[str]) -> tuple[list[int], float]:
    """Return how late the fires of ten seconds were, in microseconds, and the share of a core; in real time."""
    with scheduling(place, history, drafts(count, schedules)) as (scheduler, watched):
        since = watched.clock.now() + WARM_UP
        _live(scheduler, watched, since)
        began, cpu = time.perf_counter(), time.process_time()
        _live(scheduler, watched, since + MEASURE)
        used = (time.process_time() - cpu) / (time.perf_counter() - began)
        return [late for fire_time, late in watched.late if since < fire_time <= since + MEASURE], used


def _live(scheduler: Scheduler, watched: Watched, until: int) -> None:
    """Run until the moment has come and all that was due by then is emitted."""
    while watched.clock.now() <= until or (scheduler.next_fire() or 0) <= until:
        time.sleep(scheduler.tick() / SECOND)
