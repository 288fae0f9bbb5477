"""The databases under test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.rows.table import Table
from tests.servers.postgresql import postgres_schema


def _sqlite(folder: Path) -> Iterator[Table]:
    made = Table(f"sqlite:///{folder}/beatd.db")
    yield made
    made.db.close()


def _postgresql(_folder: Path) -> Iterator[Table]:
    with postgres_schema() as url:
        made = Table(url)
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
