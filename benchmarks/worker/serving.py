"""A worker under measurement: started as its users start it, watched while it works, ended with all it started."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.service import BIN, ROOT, NotDoneError, family
from benchmarks.worker.contenders import Contender
from benchmarks.worker.marks import Mark, read_marks


@dataclass
class Worker:
    """One that runs; ``began`` is when it was started, in seconds of the monotonic clock."""

    name: str
    process: subprocess.Popen[bytes]
    folder: Path
    began: float

    @property
    def pids(self) -> list[int]:
        """Its processes, the one that was started first."""
        return family(self.process.pid)

    def marks(self) -> list[Mark]:
        """Return what its tasks have written down so far."""
        return read_marks(self.folder / "marks")

    def wait(self, condition: Callable[[], bool], seconds: float, what: str, every: float = 0.02) -> float:
        """Wait for a condition; return when it held, by the monotonic clock. Raises NotDoneError with the log's end."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise NotDoneError(f"{self.name}'s worker ended by itself:\n{self._log()}")
            if time.monotonic() > deadline:
                raise NotDoneError(f"{self.name}: waited {seconds:.0f} s in vain for {what}:\n{self._log()}")
            time.sleep(every)
        return time.monotonic()

    def kill(self) -> None:
        """End all of it at once, whatever it runs."""
        if self.process.poll() is not None:
            return
        for pid in family(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]


@contextmanager
def working(contender: Contender) -> Iterator[Worker]:
    """Start a contender's worker in a folder of its own, and end it."""
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as name:
        folder = Path(name)
        told = {"PYTHONPATH": str(ROOT), "BENCH_MARKS": str(folder / "marks"), **contender.environment()}
        command = [str(BIN / contender.command[0]), *contender.command[1:]]
        with (folder / "log").open("wb") as log:
            began = time.monotonic()
            process = subprocess.Popen(command, cwd=folder, env={**os.environ, **told}, stdout=log, stderr=log)
            worker = Worker(contender.name, process, folder, began)
            try:
                yield worker
            finally:
                worker.kill()  # all is measured, and how long each takes to drain is not
