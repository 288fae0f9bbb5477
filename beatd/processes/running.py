"""What this process runs just now, so that every line of its log says so, whoever writes it."""

import logging
from collections.abc import Mapping
from contextvars import ContextVar

Fields = Mapping[str, object]

_here: ContextVar[Fields | None] = ContextVar("beatd_running", default=None)
_all: list[Fields] = []
_NOTHING: Fields = {}


class running:  # noqa: N801  used as a function, and a class because it is entered for each task
    """Give these fields to every record that is logged meanwhile, unless it has them itself."""

    __slots__ = ("_fields", "_token")

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._token = _here.set(self._fields)
        _all.append(self._fields)

    def __exit__(self, *_: object) -> None:
        _all.remove(self._fields)
        _here.reset(self._token)


def belong_to_no_task() -> None:
    """Say that what this thread logs is about no task, though one may run in another."""
    _here.set(_NOTHING)


def fields_now() -> Fields:
    """Return the fields of what runs here; in a thread that a task has started, those of the only one that runs."""
    here = _here.get()
    if here is not None:
        return here
    return _all[0] if len(_all) == 1 else _NOTHING


class RunningFilter(logging.Filter):
    """Adds them, where a handler is about to write."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with the fields it lacks."""
        for name, value in fields_now().items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True
