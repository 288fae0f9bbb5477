"""`beatd run` on a table, started as users start it, and what it takes of the machine."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows.entries import Row
from benchmarks.rows.queues import Queues
from benchmarks.rows.tables import Table
from benchmarks.service import BIN, ROOT, NotDoneError, cpu_seconds, family, stop

LONGEST_START = 300
LAST = Row("zzz-last", "every 100ms", queue="last")
"""The last row in the order of names: once it fires, all are there."""


@dataclass
class Scheduler:
    """One that runs."""

    process: subprocess.Popen[bytes]
    log: Path
    began: float

    def check(self) -> None:
        """Raise NotDoneError where it has ended by itself."""
        if self.process.poll() is not None:
            raise NotDoneError(f"`beatd run` ended by itself:\n{self.tail()}")

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text()[-2000:]

    def kill(self) -> float:
        """Kill -9 all of it; return when, by the monotonic clock."""
        for pid in family(self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(20)
        return time.monotonic()

    def most_memory(self) -> float:
        """Return the most that the largest of its processes ever had resident, in MB."""
        return max(_status(pid, "VmHWM") for pid in family(self.process.pid)) / 1024

    def cpu(self) -> float:
        """Return the CPU seconds that all of it has used."""
        return sum(map(cpu_seconds, family(self.process.pid)))


def _status(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)


@contextmanager
def scheduling(table: Table, queues: Queues, folder: Path, name: str = "run") -> Iterator[Scheduler]:
    """Start a scheduler, and end it."""
    log = folder / f"{name}.log"
    command = [BIN / "beatd", "run", "--no-worker", "--schedule", table.url, "--broker", queues.url]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=surroundings, stdout=output, stderr=output)
        try:
            yield Scheduler(process, log, began)
        finally:
            stop(process)


def wait_until_loaded(scheduler: Scheduler, table: Table, queues: Queues) -> float:
    """Wait until the last row fires, then delete it; return the seconds from the start of the process."""
    while (first := queues.first("last", within=1, poll=0.05)) is None:
        scheduler.check()
        if time.monotonic() > scheduler.began + LONGEST_START:
            raise NotDoneError(f"not loaded within {LONGEST_START} s:\n{scheduler.tail()}")
    table.edit("DELETE FROM beatd_schedules WHERE name = ?", (LAST.name,))
    return first - scheduler.began


def median_and_most(seconds: Sequence[float]) -> tuple[float, float]:
    """Return both."""
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2], ordered[-1]
