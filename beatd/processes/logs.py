"""Logs: one line a record, written at once; text for people, logfmt or JSON for machines."""

import fcntl
import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from beatd.errors import SettingsError
from beatd.processes.running import RunningFilter

FIELDS: Final = (
    "action", "entry", "task", "fire_time", "message_id", "attempt", "lateness_ms", "runtime_ms", "retry_in_ms",
    "worker", "error",
)  # fmt: skip
"""The fields that come first, in this order; others follow as they were given."""

_OF_EVERY_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_APART: Final = 64
"""Descriptors from here on are no file's that was just opened."""
_COLOURS: Final = {
    "fired": "36", "done": "32", "failed": "31", "retry": "33", "warning": "33", "error": "31", "critical": "31",
}  # fmt: skip


def set_up_logging(level: str = "info", style: str = "auto", stream: TextIO | None = None) -> None:
    """Send all records to ``stream`` (standard error), as "text", "logfmt" or "json"; "auto": text on a terminal.

    Raises SettingsError for a level or style that there is not.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SettingsError("log_level", f"there is no level {level!r}", "use debug, info, warning or error")
    stream = sys.stderr if stream is None else stream
    terminal = stream.isatty()
    styles: dict[str, logging.Formatter] = {
        "text": TextFormatter(colour=terminal and not os.environ.get("NO_COLOR")),
        "logfmt": LogfmtFormatter(),
        "json": JsonFormatter(),
    }
    styles["auto"] = styles["text" if terminal else "logfmt"]
    if style not in styles:
        raise SettingsError("log_format", f"there is no format {style!r}", "use auto, text, logfmt or json")
    handler = LineHandler(stream)
    handler.setFormatter(styles[style])
    handler.addFilter(RunningFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    # What these libraries say at "info" is not what a user of this log waits for.
    for library in ("alembic", "watchfiles"):
        logging.getLogger(library).setLevel(max(number, logging.WARNING))


def keep_log_apart() -> None:
    """Let the log go on whatever becomes of this process's standard files."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LineHandler):
            handler.keep_apart()


class LineHandler(logging.Handler):
    """Writes each line with one system call, so that lines of several processes do not mix."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        try:
            self._descriptor: int | None = stream.fileno()
        except (OSError, ValueError, AttributeError):
            self._descriptor = None

    def keep_apart(self) -> None:
        """Write through a descriptor of its own: what the user's code does to 0, 1 and 2 does not end the log."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._descriptor = fcntl.fcntl(self._descriptor, fcntl.F_DUPFD_CLOEXEC, _APART)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; a log that cannot be written must not stop the work."""
        with suppress(OSError, ValueError):
            line = self.format(record) + "\n"
            if self._descriptor is None:
                self._stream.write(line)
                return
            data = line.encode("utf-8", "backslashreplace")
            while data:
                data = data[os.write(self._descriptor, data) :]


class TextFormatter(logging.Formatter):
    """``12:00:05 fired  heartbeat  +3 ms``: the time of the day here, what happened, to what."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = fields_of(record)
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        action = str(fields.pop("action", ""))
        live = action in {"fired", "done", "failed", "retry"}
        word = action if live else record.levelname.lower()
        rest = _live_line(action, fields) if live else _sentence(record, fields)
        return f"{moment} {self._painted(f'{word:<7}', word)} {rest}"

    def _painted(self, text: str, word: str) -> str:
        code = _COLOURS.get(word) if self._colour else None
        return text if code is None else f"\033[{code}m{text}\033[0m"


class LogfmtFormatter(logging.Formatter):
    """``time=… level=… logger=… message="…" action=… entry=…``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return " ".join(f"{name}={_quoted(value)}" for name, value in _whole(record).items())


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_whole(record), default=str)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what was given as ``extra``, the well-known fields first, and an exception's text as ``error``."""
    given = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD and value is not None}
    fields = {name: given.pop(name) for name in FIELDS if name in given} | given
    if record.exc_info and record.exc_info[1] is not None:
        fields["traceback"] = logging.Formatter().formatException(record.exc_info)
        fields.setdefault("error", f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}")
    return fields


def _whole(record: logging.LogRecord) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "time": moment,
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    } | fields_of(record)


def _live_line(action: str, fields: dict[str, Any]) -> str:
    parts = [f"{_escaped(_subject(action, fields)):<28}"]
    if action == "fired" and "lateness_ms" in fields:
        parts.append(f"+{_span(fields['lateness_ms'])}")
    if "runtime_ms" in fields:
        parts.append(_span(fields["runtime_ms"]))
    if "retry_in_ms" in fields:
        parts.append(f"again in {_span(fields['retry_in_ms'])}")
    if "error" in fields:
        parts.append(_escaped(fields["error"]))
    return "  ".join(parts).rstrip()


def _subject(action: str, fields: dict[str, Any]) -> object:
    entry, task = fields.get("entry"), fields.get("task")
    if action == "fired":
        return entry or fields.get("message_id", "")
    if entry and task and entry != task:
        return f"{entry} ({task})"
    return task or fields.get("message_id", "")


def _sentence(record: logging.LogRecord, fields: dict[str, Any]) -> str:
    given = (f"{name}={_quoted(value)}" for name, value in fields.items())
    return "  ".join((_escaped(record.getMessage()), *given))


def _span(milliseconds: float) -> str:
    if abs(milliseconds) < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def _escaped(value: object) -> str:
    """Return the text in one line, with nothing in it that a terminal would obey."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _quoted(value: object) -> str:
    text = _escaped(value)
    if text and not any(letter in text for letter in ' "='):
        return text
    escaped = text.replace("\\", "\\\\") if text == str(value) else text
    return '"' + escaped.replace('"', '\\"') + '"'
