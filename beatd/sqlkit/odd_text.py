"""Bytes that are no text, which SQLite keeps as text: Python's driver gives up all rows for one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def is_odd_text(error: Exception) -> bool:
    """Return whether a statement of SQLite failed because of such bytes."""
    return "Could not decode to UTF-8" in str(error)


@contextmanager
def taking_any_bytes(connection: Any, errors: str) -> Iterator[None]:
    """Let a connection of sqlite3 read them; ``errors``: what becomes of them, as ``bytes.decode`` has it."""
    usual = connection.text_factory
    connection.text_factory = lambda given: given.decode(errors=errors)
    try:
        yield
    finally:
        connection.text_factory = usual
