"""Where entries may be kept: a database file, a schema of a server, a TOML file; each a test's own."""

from collections.abc import Iterator
from pathlib import Path

from tests.servers.postgresql import postgres_schema


def place_for_entries(kind: str, folder: Path, database: str = "beatd.db") -> Iterator[str]:
    """Yield the place of a kind (sqlite, postgresql, toml), as beatd is given it; for a fixture to yield from."""
    if kind == "postgresql":
        with postgres_schema() as found:
            yield found
    else:
        yield f"sqlite:///{folder}/{database}" if kind == "sqlite" else str(folder / "prod.toml")
