"""Run a command line for a task: bounded in time and output, and gone with all it has started."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from beatd.errors import CommandFailedError
from beatd.ports import Clock
from beatd.processes.tether import death_signal

SECOND: Final = 1_000_000
_LOOK_EVERY: Final = SECOND // 10
_BYTES_PER_LETTER: Final = 4


def run_command(
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: str | None,
    env: Mapping[str, str] | None,
    tail: int,
    clock: Clock,
) -> dict[str, object]:
    """Return exit code, the output's last ``tail`` letters, and seconds; raise CommandFailedError for any other end."""
    began = clock.elapsed()
    try:
        process = subprocess.Popen(  # noqa: S603  a list, no shell, and allowed by the worker's settings
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            process_group=0,
            # Out of this process's group, hence to be told to die with it.
            preexec_fn=death_signal(),  # noqa: PLW1509  one call into C, safe beside threads
        )
    except (OSError, ValueError) as error:
        raise CommandFailedError(f"{argv[0]!r} cannot be run: {error}") from None
    try:
        output, ended = _read(process, began + round(timeout * SECOND), tail, clock)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output_end = process.stdout
        if output_end is not None:
            output_end.close()
    if not ended:
        raise CommandFailedError(f"{argv[0]!r} did not end within {timeout:g} s and was killed; its output: {output!r}")
    if process.returncode != 0:
        raise CommandFailedError(f"{argv[0]!r} {_how(process.returncode)}; its output: {output!r}")
    return {"exit_code": 0, "tail": output, "seconds": round((clock.elapsed() - began) / SECOND, 3)}


def _read(process: subprocess.Popen[bytes], deadline: int, tail: int, clock: Clock) -> tuple[str, bool]:
    """Read until the command ends or the time is up; return the end of its output, and whether it ended by itself."""
    kept = b""
    stream = process.stdout
    while stream is not None and (left := deadline - clock.elapsed()) > 0:
        # What it leaves running may hold the pipe open: its own end, not the pipe's, is what counts.
        over = process.poll() is not None
        if not select.select([stream], [], [], 0 if over else min(left, _LOOK_EVERY) / SECOND)[0]:
            if over:
                return _text(kept, tail), True
            continue
        chunk = os.read(stream.fileno(), 65_536)
        kept = (kept + chunk)[-tail * _BYTES_PER_LETTER :] if tail else b""
        if not chunk:
            return _text(kept, tail), _ends(process, left)
    return _text(kept, tail), False


def _ends(process: subprocess.Popen[bytes], within: int) -> bool:
    try:
        process.wait(within / SECOND)
    except subprocess.TimeoutExpired:
        return False
    return True


def _text(output: bytes, tail: int) -> str:
    return output.decode("utf-8", "replace")[-tail:] if tail else ""


def _how(code: int) -> str:
    return f"ended with exit code {code}" if code > 0 else f"was killed by {signal.Signals(-code).name}"
