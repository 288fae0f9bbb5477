"""Schedulers on one store and one clock, driven by hand."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from beatd.config.settings import DAY, Settings
from beatd.scheduler.engine import Scheduler
from beatd.sqlkit.database import Database, open_database
from beatd.testing import ManualClock
from beatd.wiring.drivers import Broker, State, is_redis, open_broker, open_state, sees_finish
from beatd.wiring.reading import OpenTables
from beatd.wiring.schedule import Manner, make_scheduler, make_sources

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Stage:
    """``url``: of the store, in place of a database file in the folder."""

    patience = 0.1
    """Seconds to wait for a lock of the database."""

    keep = 7 * DAY
    """How long the history is kept, in microseconds."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.clock = ManualClock(START)
        self.file = folder / "beatd.toml"
        self.database = folder / "beatd.db"
        self.url = url or f"sqlite:///{self.database}"
        self.tables: list[str] = []
        """URLs of tables of entries, beside the file; their readers are driven by hand, too."""
        self._readers: dict[int, OpenTables] = {}
        self._open: list[Database | State | Broker | OpenTables] = []

    def write(self, **entries: str) -> None:
        """Write the file anew: a name and the lines of its table."""
        tables = [f"[schedules.{name}]\ntask = 't'\n{lines}\n" for name, lines in entries.items()]
        self.file.write_text("\n".join(tables))

    def scheduler(
        self, holder: str = "one", *, url: str | None = None, consumers: str = "beatd", **manner: bool
    ) -> Scheduler:
        """Return a scheduler that has started; ``url``: its own way to the store."""
        files = (str(self.file),) if self.file.exists() or not self.tables else ()
        settings = Settings(
            broker=url or self.url, schedule=(*files, *self.tables), consumers=consumers, history_keep=self.keep
        )
        self.state, self.broker = self._stores(settings)
        sources = make_sources(settings, None)
        tables = OpenTables(settings, sees_finish=sees_finish(settings, self.state), clock=self.clock)
        # The store's own database stays the last one, which tests look into.
        self._open.insert(0, tables)
        made = make_scheduler(
            settings,
            self.state,
            self.broker,
            sources,
            manner=Manner(**manner),
            holder=holder,
            clock=self.clock,
            readers=tables.readers,
        )
        made.start()
        self._readers[id(made)] = tables
        return made

    def read(self, scheduler: Scheduler) -> None:
        """Let a scheduler's tables be read as far as there is room for what they tell."""
        for reader in self._readers[id(scheduler)].readers:
            reader.hasten()
            while reader.step():
                pass

    def _stores(self, settings: Settings) -> tuple[State, Broker]:
        if is_redis(settings.broker):
            state, broker = open_state(settings, clock=self.clock), open_broker(settings, clock=self.clock)
            self._open += [state, broker]
            return state, broker
        database = open_database(settings.broker, busy_seconds=self.patience)
        self._open.append(database)
        state = open_state(settings, clock=self.clock, database=database)
        return state, open_broker(settings, clock=self.clock, database=database)

    def tick(self, scheduler: Scheduler, seconds: float = 0, *, at_most: float = 1.0) -> None:
        """Let time pass in small strides, and the scheduler with it."""
        end = self.clock.moment + timedelta(seconds=seconds)
        self._turn(scheduler)
        while self.clock.moment < end:
            self.clock.advance(min(at_most, (end - self.clock.moment).total_seconds()))
            self._turn(scheduler)

    def _turn(self, scheduler: Scheduler) -> None:
        # What is read with one look may have to be asked about with another one.
        for _ in range(3 if self.tables else 1):
            self.read(scheduler)
            scheduler.tick()

    def settle(self, scheduler: Scheduler) -> None:
        """Let a scheduler do all that is due, late fires included."""
        for _ in range(200):
            wait = scheduler.tick()
            if wait > 50_000:
                return
            self.clock.advance(wait / 1_000_000)

    def runs(self, entry: str):
        """Return (seconds after the start, state, count) of an entry's history, oldest first."""
        zero = int(START.timestamp() * 1_000_000)
        found = self.state.history.runs(entry=entry, limit=100_000)[::-1]
        return [((run.fire_time - zero) / 1_000_000, run.state, run.count) for run in found]

    def emitted(self, entry: str) -> list[float]:
        """Return the fires emitted, in seconds after the start."""
        return [moment for moment, state, _ in self.runs(entry) if state == "emitted"]

    def close(self) -> None:
        for database in self._open:
            with closing(database):
                pass
