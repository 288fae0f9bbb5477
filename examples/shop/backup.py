"""Copy a live SQLite database to a dated file, check the copy, keep the newest few."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path


def back_up(source: Path, target: Path, day: date, *, keep: int) -> Path:
    """Write ``target/NAME-YYYY-MM-DD.db``, whole or not at all, and delete all but the newest ``keep``."""
    final = target / f"{source.stem}-{day.isoformat()}.db"
    part = final.with_suffix(".part")
    # A part left by a killed run may hold anything: never write into it.
    part.unlink(missing_ok=True)
    _copy(source, part)
    part.replace(final)
    for old in sorted(target.glob(f"{source.stem}-????-??-??.db"))[:-keep]:
        old.unlink()
    return final


def _copy(source: Path, part: Path) -> None:
    with closing(sqlite3.connect(source, timeout=10)) as live, closing(sqlite3.connect(part)) as copy:
        # In pages, so that the shop can write in between.
        live.backup(copy, pages=1000)
        copy.execute("PRAGMA journal_mode = DELETE")
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        part.unlink()
        msg = f"the copy of {source} is not sound: {verdict}"
        raise OSError(msg)
