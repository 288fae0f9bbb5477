"""What the built-in tasks accept; anybody who can send a message chooses their arguments."""

import math
from collections.abc import Mapping
from typing import Any

from beatd.errors import TaskRefusedError


def require_words(argv: Any) -> list[str]:
    """Return a command line's words."""
    fits = isinstance(argv, list | tuple) and bool(argv) and all(isinstance(word, str) for word in argv)
    _require("argv", argv, "a list of words, such as ['pg_dump', 'shop']", fits=fits)
    return list(argv)


def require_seconds(name: str, value: Any) -> None:
    """Refuse what is no time-out."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    _require(name, value, "a number of seconds above 0", fits=number and math.isfinite(value) and value > 0)


def require_whole(name: str, value: Any) -> None:
    """Refuse what is no whole number."""
    _require(name, value, "a whole number", fits=isinstance(value, int) and not isinstance(value, bool))


def require_text(name: str, value: Any, *, optional: bool = False) -> None:
    """Refuse what is no text; ``optional``: None is good, too."""
    _require(name, value, "text", fits=isinstance(value, str) or (optional and value is None))


def require_texts(name: str, value: Any, example: Mapping[str, str]) -> None:
    """Refuse what does not map names to texts, and is not None."""
    pairs = value.items() if isinstance(value, Mapping) else ()
    fits = isinstance(value, Mapping) and all(isinstance(each, str) for pair in pairs for each in pair)
    _require(name, value, f"names with texts, such as {dict(example)!r}", fits=value is None or fits)


def require_statuses(name: str, value: Any) -> None:
    """Refuse what is no HTTP status, no list of them, and not None."""
    statuses = value if isinstance(value, list | tuple) else [value]
    fits = value is None or all(isinstance(each, int) for each in statuses)
    _require(name, value, "a status such as 204, or a list of them", fits=fits)


def _require(name: str, value: Any, what: str, *, fits: bool) -> None:
    if not fits:
        raise TaskRefusedError(f"{name} must be {what}, not {value!r}")
