"""Run a function in a short-lived child process, so that what it imports does not stay in this one."""

import json
import os
import select
import signal
import traceback
from collections.abc import Callable
from typing import Any

import beatd.errors
from beatd.errors import BeatdError
from beatd.processes.fork import fork, kill_group

_HEADER = 8


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
    reader, writer = os.pipe()
    pid = fork(lambda: _report(function, writer), own_group=True)
    os.close(writer)
    report, in_time = None, True
    try:
        if meanwhile is not None:
            meanwhile()
        report = _receive(reader, timeout)
    except TimeoutError:
        in_time = False
    finally:
        os.close(reader)
        kill_group(pid)
        _, status = os.waitpid(pid, 0)
    if not in_time:
        raise BeatdError(f"{what} did not end within {timeout:g} s")
    if report is None:
        raise BeatdError(_what_happened(status, what))
    if "error" in report:
        raise _rebuilt(report["error"])
    return report["value"]


def _report(function: Callable[[], Any], writer: int) -> int:
    try:
        content = json.dumps({"value": function()})
    except BaseException as error:  # noqa: BLE001  also SystemExit is the user's, and to be told
        content = json.dumps({"error": _described(error)})
    data = content.encode()
    with os.fdopen(writer, "wb") as stream:
        stream.write(len(data).to_bytes(_HEADER, "big") + data)
    # The parent may kill this process from here on: it has all it wants.
    return 0


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
