"""The databases under test."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conformance.rows.table import Table
from tests.servers.postgresql import POSTGRES, postgres_schema


def _sqlite(folder: Path) -> Iterator[Table]:
    path = folder / "beatd.db"
    made = Table(f"sqlite:///{path}", lambda: sqlite3.connect(path))
    yield made
    made.db.close()


def _postgresql(_folder: Path) -> Iterator[Table]:
    with postgres_schema() as url:
        schema = url.partition("schema=")[2]
        made = Table(url, lambda: psycopg.connect(POSTGRES, options=f"-c search_path={schema}"))
        yield made
        made.db.close()


KINDS = {"sqlite": _sqlite, "postgresql": _postgresql}


@pytest.fixture(params=KINDS)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Table]:
    yield from KINDS[request.param](tmp_path)


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Table]:
    yield from _postgresql(tmp_path)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Table]:
    yield from _sqlite(tmp_path)
