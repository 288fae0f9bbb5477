"""Where entries may be kept: a database file, a schema of a server, a TOML file; each a test's own."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.servers.postgresql import postgres_schema


def place_for_entries(kind: str, folder: Path, database: str = "beatd.db") -> Iterator[str]:
    """Yield the place of a kind (sqlite, postgresql, toml), as beatd is given it; for a fixture to yield from."""
    if kind == "postgresql":
        with postgres_schema() as found:
            yield found
    else:
        yield f"sqlite:///{folder}/{database}" if kind == "sqlite" else str(folder / "prod.toml")


def connect_to(url: str) -> Any:
    """Connect to a database for entries by its driver alone, as any program does."""
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)
    server, _, schema = url.partition("?schema=")
    return psycopg.connect(server, options=f"-c search_path={schema}")
