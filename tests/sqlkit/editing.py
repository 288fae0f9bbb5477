"""Somebody who edits the tables by plain SQL, over a connection of their own, and what the log says of it."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import psycopg

from beatd.sqlkit import migrate
from beatd.sqlkit.database import open_database

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Line(NamedTuple):
    op: str
    generation: int | None
    changed_at: int
    former_changed_at: int | None
    former: dict[str, Any] | None


def micros(moment: Any) -> int | None:
    if isinstance(moment, str):
        assert CANONICAL.fullmatch(moment), moment
        moment = datetime.fromisoformat(moment)
    return None if moment is None else (moment - EPOCH) // timedelta(microseconds=1)


class Editor:
    """One connection; each statement a transaction of its own unless ``begin`` was said."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.connection: Any
        if self.is_sqlite:
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
        else:
            base, _, query = url.partition("?")
            self.connection = psycopg.connect(base, autocommit=True)
            self.schema = dict(parse_qsl(query)).get("schema", "public")
            self.connection.execute(f'SET search_path TO "{self.schema}"'.encode())

    def close(self) -> None:
        self.connection.close()

    def do(self, statement: str) -> int:
        """Execute a statement; return how many rows it changed."""
        return self.connection.execute(statement).rowcount

    def all(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def add(self, *names: str, **columns: str) -> None:
        """Insert rows in one statement; columns are given as SQL."""
        given = {"task": "'t'", "schedule": "'every 1h'", **columns}
        values = ", ".join(given.values())
        rows = ", ".join(f"('{name}', {values})" for name in names)
        self.do(f"INSERT INTO beatd_schedules (name, {', '.join(given)}) VALUES {rows}")

    def at(self, name: str, table: str = "beatd_schedules") -> int | None:
        """Return the number of a row, None where there is none."""
        found = self.all(f"SELECT changed_at FROM {table} WHERE name = '{name}' AND namespace = 'beatd'")
        return micros(found[0][0]) if found else None

    def generation(self, name: str) -> int | None:
        found = self.all(f"SELECT generation FROM beatd_schedules WHERE name = '{name}' AND namespace = 'beatd'")
        return found[0][0] if found else None

    def log(self, name: str | None = None, kind: str = "schedule", namespace: str = "beatd") -> list[Line]:
        which = "" if name is None else f"AND name = '{name}'"
        lines = self.all(
            "SELECT op, generation, changed_at, former_changed_at, former FROM beatd_changes "
            f"WHERE kind = '{kind}' AND namespace = '{namespace}' {which} ORDER BY seq"
        )
        return [Line(*line[:4], _without_null(line[4])) for line in lines]

    def ops(self, name: str, kind: str = "schedule") -> list[str]:
        return [line.op for line in self.log(name, kind)]

    @contextmanager
    def transaction(self, *, kept: bool = True) -> Iterator[None]:
        self.do("BEGIN")
        yield
        self.do("COMMIT" if kept else "ROLLBACK")

    def assert_whole(self, name: str, kind: str = "schedule") -> None:
        """The numbers rise, each line has that of the one before it, and the row has the last."""
        last, generation = None, None
        for line in self.log(name, kind):
            assert line.former_changed_at == (None if line.op == "insert" else last), line
            if line.op != "was":
                assert last is None or line.changed_at > last, line
            last, generation = line.changed_at, line.generation
        if kind == "schedule" and self.at(name) is not None:
            assert (self.at(name), self.generation(name)) == (last, generation)
        elif self.at(name, "beatd_calendars") is not None and kind == "calendar":
            assert self.at(name, "beatd_calendars") == last


@contextmanager
def editor_of_new_tables(url: str) -> Iterator[Editor]:
    db = open_database(url)
    migrate.upgrade(db)
    db.close()
    made = Editor(url)
    yield made
    made.close()


def _without_null(text: str | None) -> dict[str, Any] | None:
    return text and {key: value for key, value in json.loads(text).items() if value is not None}
