"""A table of entries, and clients that know nothing of us."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from beatd.rowports import Changed, Page
from beatd.sqlkit.database import open_database
from beatd.stores.rows import SqlRows
from tests.servers.places import connect_to

INSERT = "INSERT INTO beatd_schedules (name, task, schedule) VALUES "
CALENDAR = "INSERT INTO beatd_calendars (name, closed) VALUES ('office', '[\"sun\"]')"


class Table:
    """A table of entries and two ways to it: ours, and a plain connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.db = open_database(url)
        self.rows = self.reader()
        with self.db.read():
            pass  # makes the tables

    def connect(self) -> Any:
        return connect_to(self.url)

    @property
    def is_postgresql(self) -> bool:
        return self.db.is_server

    def reader(self, **given: Any) -> SqlRows:
        return SqlRows(self.db, "beatd", **{"timezone": "UTC", "queue": "celery", "sees_finish": True, **given})

    def execute(self, *statements: str) -> None:
        with closing(self.connect()) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def value(self, query: str) -> Any:
        with closing(self.connect()) as connection:
            return connection.execute(query).fetchone()[0]

    def told(self, *names: str) -> list[tuple[str, str | None]]:
        return told(self.rows.of(names))


def told(page: Page) -> list[tuple[str, str | None]]:
    """Return each version's name, and its schedule, what is wrong with it, or None for a removal."""
    return [(each.name, each.error or (each.entry and each.entry.schedule)) for each in page.versions]


def tick(table: Table) -> None:
    """Wait until the table's clock has moved on: what is edited next is later."""
    before = table.rows.changed(None).now
    while table.rows.changed(None).now <= before + 1000:
        pass


def names(changed: Changed) -> list[str]:
    assert changed.names is not None
    return list(changed.names)


def all_pages(rows: SqlRows, limit: int) -> list[Page]:
    pages, after = [], ""
    while True:
        pages.append(rows.page(after, limit))
        if pages[-1].last is None:
            return pages
        assert pages[-1].last > after
        after = pages[-1].last


def prints(rows: SqlRows, limit: int = 100) -> list[tuple[str, int, int]]:
    found, last = rows.prints("", limit)
    assert last is None
    return found


def switch_off(table: Table) -> None:
    if table.is_postgresql:
        table.execute("ALTER TABLE beatd_schedules DISABLE TRIGGER USER")
        return
    with closing(table.connect()) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in found:
            connection.execute(f"DROP TRIGGER {name}")
        connection.commit()


@contextmanager
def switched_off(table: Table) -> Iterator[None]:
    """Let nothing be logged for a while."""
    if table.is_postgresql:
        switch_off(table)
        yield
        table.execute("ALTER TABLE beatd_schedules ENABLE TRIGGER USER")
        return
    with closing(table.connect()) as connection:
        made = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    switch_off(table)
    yield
    table.execute(*(sql for (sql,) in made))
