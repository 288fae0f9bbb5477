"""Somebody who edits a table with plain SQL."""

from contextlib import closing

from tests.servers.places import connect_to


class Client:
    """Somebody who edits a table with plain SQL; each call is a transaction of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self):
        return connect_to(self.url)

    def __call__(self, statement: str) -> list[tuple]:
        with closing(self.connect()) as connection:
            found = connection.execute(statement)
            rows = found.fetchall() if found.description else []
            connection.commit()
            return rows

    def add(self, name: str, schedule: str = "every 10s", **columns: object) -> None:
        told = {"name": name, "task": "t", "schedule": schedule, **columns}
        values = ", ".join(str(value) if isinstance(value, int) else f"'{value}'" for value in told.values())
        self(f"INSERT INTO beatd_schedules ({', '.join(told)}) VALUES ({values})")

    def told(self, name: str) -> tuple:
        """Return next_fire_at, last_fire_at, run_count and error of a row, moments as text."""
        columns = "CAST(next_fire_at AS text), CAST(last_fire_at AS text), run_count, error"
        ((*found,),) = self(f"SELECT {columns} FROM beatd_schedules WHERE name = '{name}'")
        return tuple(found)


def drop_triggers(sql: Client) -> None:
    """Drop the triggers of the table of entries."""
    if sql.url.startswith("sqlite"):
        for (name,) in sql("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            sql(f"DROP TRIGGER {name}")
    else:
        sql("ALTER TABLE beatd_schedules DISABLE TRIGGER USER")
