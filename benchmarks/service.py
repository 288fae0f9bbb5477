"""Services under measurement: started in a folder of their own, stopped by process id, and their CPU time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TICKS = os.sysconf("SC_CLK_TCK")


class NotDoneError(Exception):
    """What was waited for did not come."""


@contextmanager
def running(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a program of this environment in ``folder``, yield its process id, and stop it at the end."""
    log = folder / f"{Path(command[0]).name}-{command[1]}.log"
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]], cwd=folder, env=surroundings, stdout=output, stderr=output
        )
        try:
            yield process.pid
            if process.poll() is not None:
                sys.exit(f"{' '.join(command)} ended by itself:\n{log.read_text()[-2000:]}")
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end; after 20 seconds end it and what it started."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        for pid in reversed(family(process.pid)):
            os.kill(pid, signal.SIGKILL)
        process.wait(5)


def family(pid: int) -> list[int]:
    """Return the process and all that descend from it, parents first."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and (fields := _stat(int(each.name))):
            parents.setdefault(int(fields[1]), []).append(int(each.name))
    found = [pid]
    for each in found:
        found.extend(sorted(parents.get(each, [])))
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, user and system."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, or nothing when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
