"""Run a function in a child process, so that what it imports does not stay in this one."""

import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

import beatd.errors
from beatd.errors import BeatdError
from beatd.processes.fork import fork, kill_group, write_stacks_at_usr1
from beatd.processes.process import Process

_HEADER = 8
_STACK_SECONDS = 0.25
"""How long a process that is to be killed has for writing its stacks."""


def run_apart(
    function: Callable[[], Any],
    *,
    timeout: float = 60.0,
    what: str = "the function",
    meanwhile: Callable[[], None] | None = None,
) -> Any:
    """Return the JSON value that ``function`` returns in a child process, or raise the error that it reported.

    ``meanwhile`` is called here beside it; ``timeout`` in seconds from then on. Errors of beatd's own come back as they
    were raised; any other, a process that ended without a word, and the time-out as a BeatdError that says so.
    The child must not use this process's connections.
    """
    process = Apart(function, what=what)
    try:
        if meanwhile is not None:
            meanwhile()
        return process.answer(timeout)
    finally:
        process.end()


class Apart:
    """The process in which ``function`` is run; ``then`` is what it lives on for, once it has reported a value.

    Asked by USR1 it writes its stacks, and goes on.
    """

    def __init__(
        self, function: Callable[[], Any], *, what: str = "the function", then: Callable[[], int] | None = None
    ) -> None:
        self._what = what
        self._reader, writer = os.pipe()
        self.pid = fork(lambda: self._live(function, writer, then), own_group=True)
        self._status: int | None = None
        os.close(writer)

    def answer(self, timeout: float) -> Any:
        """Return the value, once, or raise the error; ``timeout`` in seconds. Where it raises, the process is ended."""
        try:
            report = _receive(self._reader, timeout)
        except TimeoutError:
            self._show_stacks()
            raise BeatdError(f"{self._what} did not end within {timeout:g} s") from None
        if report is None:
            raise BeatdError(_what_happened(self.end(), self._what))
        if "error" in report:
            raise _rebuilt(report["error"])
        return report["value"]

    def end(self) -> int:
        """Kill it, with what it has started, and return what it ended with; more than once does no harm."""
        if self._status is None:
            os.close(self._reader)
            kill_group(self.pid)
            self._status = os.waitpid(self.pid, 0)[1]
        return self._status

    def release(self) -> Process:
        """Return the process, which is the caller's from now on."""
        os.close(self._reader)
        return Process(self.pid)

    def _live(self, function: Callable[[], Any], writer: int, then: Callable[[], int] | None) -> int:
        os.close(self._reader)
        write_stacks_at_usr1()
        reported = _report(function, writer)
        return then() if reported and then is not None else 0

    def _show_stacks(self) -> None:
        for signum in (signal.SIGUSR1, signal.SIGCONT):
            os.kill(self.pid, signum)
        time.sleep(_STACK_SECONDS)


def _report(function: Callable[[], Any], writer: int) -> bool:
    """Tell what the function returns or raises; return whether it was a value."""
    returned = True
    try:
        content = json.dumps({"value": function()})
    except BaseException as error:  # noqa: BLE001  also SystemExit is the user's, and to be told
        content, returned = json.dumps({"error": _described(error)}), False
    data = content.encode()
    with os.fdopen(writer, "wb") as stream:
        stream.write(len(data).to_bytes(_HEADER, "big") + data)
    # The parent may kill this process from here on: it has all it wants.
    return returned


def _receive(reader: int, timeout: float) -> dict[str, Any] | None:
    """Read one report, None where there is none; raise TimeoutError where it does not come in time.

    The length comes first because a process that user code started may hold the pipe open.
    """
    data = b""
    while len(data) < _HEADER or len(data) < _HEADER + int.from_bytes(data[:_HEADER], "big"):
        if not select.select([reader], [], [], timeout)[0]:
            raise TimeoutError
        chunk = os.read(reader, 65_536)
        if not chunk:
            return None
        data += chunk
    report: dict[str, Any] = json.loads(data[_HEADER:])
    return report


def _described(error: BaseException) -> dict[str, Any]:
    fields = {name: value for name, value in vars(error).items() if isinstance(value, str | int | None)}
    if isinstance(error, BeatdError):
        text = str(error.args[0]) if error.args else str(error)
        return {"kind": type(error).__name__, "text": text, "fields": fields}
    lines = traceback.format_exception(error)
    return {"kind": "BeatdError", "text": "".join(lines).rstrip(), "fields": {}}


def _rebuilt(described: dict[str, Any]) -> BeatdError:
    kind = getattr(beatd.errors, described["kind"], BeatdError)
    # Without its constructor, whose arguments are not known here: text and fields are all that it makes.
    error: BeatdError = kind.__new__(kind, described["text"])
    error.args = (described["text"],)
    vars(error).update(described["fields"])
    return error


def _what_happened(status: int, what: str) -> str:
    code = os.waitstatus_to_exitcode(status)
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended its process with exit code {code}"
    return f"{what} {how} before it was done"
