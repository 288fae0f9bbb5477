"""The servers that tests may use, each test in a schema of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import uuid4

import psycopg
import pytest

POSTGRES = os.environ.get("POSTGRES_TEST_URL", "postgresql://postgres@127.0.0.1:5432/test")


@cache
def _why_not(url: str) -> str | None:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error)
    return None


def require_postgres() -> None:
    """Skip the test where there is no server; in CI there must be one."""
    why = _why_not(POSTGRES)
    if why is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no PostgreSQL at {POSTGRES}: {why}")


@contextmanager
def postgres_schema() -> Iterator[str]:
    """Yield a URL that names a schema not there yet; what is in it at the end is dropped."""
    require_postgres()
    schema = f"beatd_test_{uuid4().hex[:16]}"
    yield f"{POSTGRES}?schema={schema}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        # What a killed process left open would hold its tables.
        connection.execute("SET lock_timeout = '10s'")
        connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
