"""What code prints becomes lines of the log: its standard output and error, text and bytes alike."""

import codecs
import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

_LONGEST: Final = 65_536
"""Letters of one line; what goes on for longer is logged in parts."""

logger = logging.getLogger("beatd.task")


class _Pending(threading.local):
    """A thread's unfinished line and letter, and whether it is writing the log just now."""

    text = ""
    busy = False
    is_fed = False
    """Whether bytes were written since the last line was finished, of which the decoder may keep some."""

    def __init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")


class LogStream(io.TextIOBase):
    """A text stream whose lines are logged at ``level``; ``under`` is the stream in whose place it stands."""

    def __init__(self, level: int, under: TextIO | None) -> None:
        super().__init__()
        self._level = level
        self._under = under
        self._pending = _Pending()
        self.buffer = _Bytes(self)

    encoding = "utf-8"
    errors = "backslashreplace"
    name = "<log>"

    def write(self, text: str, /) -> int:
        """Log each line that this completes."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._pending.busy:
            # A handler of the user's own writes here: what it writes has been logged.
            if self._under is not None:
                self._under.write(text)
            return len(text)
        *lines, rest = (self._pending.text + text).split("\n")
        self._pending.text = rest
        for line in lines:
            self._log(line)
        if len(rest) > _LONGEST:
            self._log_rest()
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        """Log bytes as the text that they are, or as escapes."""
        self._pending.is_fed = True
        self.write(self._pending.decoder.decode(data))

    def finish(self) -> None:
        """Log what was written without an end of line."""
        pending = self._pending
        if pending.is_fed:
            pending.is_fed = False
            pending.text += pending.decoder.decode(b"", final=True)
        self._log_rest()

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor of the stream beneath, for processes that are started with it."""
        if self._under is None:
            raise io.UnsupportedOperation("fileno")
        return self._under.fileno()

    def reconfigure(self, **_: object) -> None:
        """Do nothing: lines and encoding are the log's."""

    def close(self) -> None:
        """Stay open: the next task prints, too."""

    def _log_rest(self) -> None:
        if self._pending.text:
            rest, self._pending.text = self._pending.text, ""
            self._log(rest)

    def _log(self, line: str) -> None:
        if not line.strip():
            return
        self._pending.busy = True
        try:
            logger.log(self._level, line.rstrip("\r"), extra={"action": "printed"})
        finally:
            self._pending.busy = False


class _Bytes(io.RawIOBase):
    """The ``buffer`` of such a stream."""

    def __init__(self, stream: LogStream) -> None:
        super().__init__()
        self._stream = stream

    def write(self, data: Any, /) -> int:
        """Log bytes as the text that they are, or as escapes."""
        view = bytes(data)
        self._stream.write_bytes(view)
        return len(view)

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor of the stream beneath."""
        return self._stream.fileno()

    def close(self) -> None:
        """Stay open."""


@contextmanager
def output_logged() -> Iterator[None]:
    """Log what this process prints: standard output at level info, standard error as warnings."""
    former = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = LogStream(logging.INFO, former[0]), LogStream(logging.WARNING, former[1])
    try:
        yield
    finally:
        finish_lines()
        sys.stdout, sys.stderr = former


def finish_lines() -> None:
    """Log what this thread has printed without an end of line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LogStream):
            stream.finish()
