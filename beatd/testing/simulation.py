"""A whole beatd in this process and in memory, on a clock that moves from one fire to the next."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from os import PathLike

from beatd.app.app import App
from beatd.app.binding import Bound, override
from beatd.app.current import current_app
from beatd.app.discover import code_entries
from beatd.errors import CallError
from beatd.ports import History, Run
from beatd.scheduler.engine import LATE_SLICE, Scheduler
from beatd.schedules.moments import from_us, to_us
from beatd.sqlkit.database import open_database
from beatd.testing.clock import ManualClock
from beatd.testing.ran import Ran
from beatd.testing.tasks import TaskRuns
from beatd.wiring.drivers import open_broker, open_state
from beatd.wiring.schedule import Manner, make_scheduler, make_sources

_START = datetime(2026, 1, 1, tzinfo=UTC)


class Harness:
    """Fires schedules and runs tasks when told to; made by ``harness(...)``."""

    def __init__(self, clock: ManualClock, scheduler: Scheduler, history: History, tasks: TaskRuns) -> None:
        self.clock = clock
        self._scheduler = scheduler
        self._history = history
        self._tasks = tasks

    def run_due(self, until: datetime | None = None, **durations: float) -> list[Ran]:
        """Move the clock from fire to fire up to ``until``, run each one's task there, and return what ran.

        ``run_due(hours=24)`` takes the keywords of ``timedelta``, from now on; without either it goes to the next
        moment at which something is due. Retries and messages with an eta run at theirs. The clock stops at the end.
        """
        end, before = self._end(until, durations), len(self._tasks.all)
        self._settle()
        while (moment := self._next()) is not None and (end is None or moment <= end):
            self.clock.advance_to(from_us(moment))
            self._settle()
            if end is None:
                break
        if end is not None:
            self.clock.advance_to(from_us(end))
        return self._tasks.all[before:]

    def fired(self, entry: str) -> list[datetime]:
        """Return the fire times at which this entry's task was sent, oldest first, in UTC."""
        return [from_us(run.fire_time) for run in self.history(entry) if run.message_id is not None]

    def ran(self, task: str | None = None) -> list[Ran]:
        """Return all runs so far, or those of one task."""
        return [ran for ran in self._tasks.all if task in {None, ran.task}]

    def history(self, entry: str | None = None) -> list[Run]:
        """Return what happened to each fire, the skipped ones included, oldest first; moments in microseconds."""
        return self._history.runs(entry=entry, limit=1_000_000)[::-1]

    def _end(self, until: datetime | None, durations: dict[str, float]) -> int | None:
        if until is not None and durations:
            raise CallError(f"run_due({until!r}, …): give a moment or a duration, not both")
        if durations:
            return to_us(self.clock.moment + timedelta(**durations))
        return None if until is None else to_us(until)

    def _settle(self) -> None:
        """Let everything happen that is due now."""
        wait = self._scheduler.tick()
        while wait in {0, LATE_SLICE}:
            # Late fires are drained at a bounded rate, so some time has to pass.
            self.clock.advance(LATE_SLICE / 1_000_000 if wait else 0)
            wait = self._scheduler.tick()
        self._tasks.run_due()

    def _next(self) -> int | None:
        moments = [moment for moment in (self._scheduler.next_fire(), self._tasks.next_due()) if moment is not None]
        return min(moments, default=None)


@contextmanager
def harness(
    app: App | None = None,
    *,
    start: datetime = _START,
    schedule: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
) -> Iterator[Harness]:
    """Run the entries of ``@periodic``, of ``app.conf.beat_schedule`` and of ``schedule`` (TOML files) in memory.

    Within the ``with`` every ``.delay()`` and ``AsyncResult`` of this process uses it too. Fires later than ``start``
    happen; zone and default queue are the app's. Raises DefinitionError for an entry that is wrong.
    """
    made = app or current_app()
    files = [schedule] if isinstance(schedule, str | PathLike) else schedule
    settings = replace(
        made.settings, broker="memory://", results=None, state=None, history="all", schedule=tuple(map(str, files))
    )
    clock, database = ManualClock(start), open_database("memory://")
    sources = make_sources(settings, lambda: code_entries([made], settings))
    broker = open_broker(settings, clock=clock, database=database)
    state = open_state(settings, clock=clock, database=database)
    with closing(database), override(Bound(settings=settings, broker=broker, clock=clock)):
        scheduler = make_scheduler(
            settings, state, broker, sources, manner=Manner(strict=True), holder="harness", clock=clock
        )
        scheduler.start()
        yield Harness(clock, scheduler, state.history, TaskRuns(settings, broker, database, clock, made.middleware))
