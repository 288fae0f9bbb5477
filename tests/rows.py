"""A world in which entries are rows of a table: edited by plain SQL, moved into the past, settled by hand."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager

from beatd.config.settings import Settings
from beatd.core.firing import Moment, decide
from beatd.core.settling import Rules
from beatd.sqlkit.database import open_database
from beatd.sqlkit.triggers import text_of, us_of
from beatd.wiring.drivers import open_state
from beatd.wiring.lines import open_lines

SECOND = 1_000_000
_SHIFT = "generation = generation - {0}, changed_at = changed_at - {0}, former_changed_at = former_changed_at - {0}"


class World:
    """``table``: the URL of the database with the rows; it may be the broker's own."""

    def __init__(self, broker: str, table: str) -> None:
        self.broker, self.table = broker, table
        self._database = open_database(table)
        with self._database.write():
            pass  # the tables are made
        with self.state() as state:
            began = state.clock.now() - 86_400 * SECOND
            state.repairs.confirm(since=began, replaces=[])

    def settings(self, **changed: object) -> Settings:
        named = () if self.table == self.broker else (self.table,)
        return Settings(**{"broker": self.broker, "schedule": named, **changed})

    @contextmanager
    def state(self):
        with closing(open_state(self.settings())) as state:
            yield state

    def sql(self, text: str) -> None:
        with self._database.write() as connection:
            connection.exec_driver_sql(text)

    def insert(self, name: str, **columns: str) -> None:
        told = {"namespace": "beatd", "name": name, "task": "t", "schedule": "every 1m", **columns}
        values = ", ".join(f"'{value}'" for value in told.values())
        self.sql(f"INSERT INTO beatd_schedules ({', '.join(told)}) VALUES ({values})")

    def backdate(self, seconds: int) -> None:
        """Let all that was ever done to the table have been done so much earlier."""
        micros = seconds * SECOND
        with self._database.write() as connection:
            run = connection.exec_driver_sql
            if self.table.startswith("sqlite"):
                run(f"UPDATE beatd_changes SET {_SHIFT.format(micros)}")
                moved = text_of(f"({us_of('changed_at')} - {micros})")
                run(f"UPDATE beatd_schedules SET generation = generation - {micros}, changed_at = {moved}")
            else:
                run("SET LOCAL session_replication_role = replica")  # without triggers
                run(f"UPDATE beatd_changes SET {_SHIFT.format(micros)}")
                moved = f"changed_at - interval '{seconds} seconds'"
                run(f"UPDATE beatd_schedules SET generation = generation - {micros}, changed_at = {moved}")

    def fire(self) -> None:
        """Do what a scheduler does that looks at every entry now."""
        rules = Rules("beatd", late_after=60 * SECOND)
        with self.state() as state, open_lines(self.settings(), state) as lines:
            installed = state.repairs.find().since
            for name in [name for page in lines.all_names() for name in page]:
                for _ in range(100):
                    records = state.records.load([name])
                    line, now = lines.of([name], records).get(name, ()), state.clock.now()
                    moment = Moment(now, random.getrandbits(63), installed)
                    item = decide(name, line, records.get(name), moment, rules)
                    if item is None:
                        break
                    assert state.records.step([item])[0].stored

    def runs(self, entry: str) -> list[tuple[str, int | None]]:
        """Return (state, count) of an entry's history, oldest first."""
        with self.state() as state:
            return [(run.state, run.count) for run in state.history.runs(entry=entry, limit=1000)][::-1]

    def close(self) -> None:
        self._database.close()


@contextmanager
def world(broker: str, table: str) -> Iterator[World]:
    made = World(broker, table)
    try:
        yield made
    finally:
        made.close()
