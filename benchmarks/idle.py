"""CPU that a service uses while nothing is due: one yearly entry, two children."""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.service import cpu_seconds, family, running
from benchmarks.table import line

SETTLE, MEASURE = 8, 20
SCHEDULE = """
[beatd]
app = ["benchmarks.noop"]
log_level = "warning"
[schedules.yearly]
schedule = "@yearly"
task = "bench.noop"
"""


def report(*, peer: bool) -> None:
    """Print both services' CPU in percent of one core, in all and for each process."""
    print(f"idle, over {MEASURE} s, two children")
    ours = _ours()
    theirs = _theirs() if peer else None
    line("CPU of one core, all processes", sum(ours), sum(theirs) if theirs else None, unit="%", more_is_better=False)
    print(f"    beatd, each process:  {_each(ours)}")
    if theirs:
        print(f"    Celery, each process: {_each(theirs)}")
    print(flush=True)


def _ours() -> list[float]:
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as name:
        folder = Path(name)
        (folder / "beatd.toml").write_text(SCHEDULE)
        with running(["beatd", "run", "--workers", "2"], folder) as pid:
            return _measured([pid])


def _theirs() -> list[float]:
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as name, ExitStack() as stack:
        celery = ["celery", "-A", "benchmarks.celery_side"]
        commands = ([*celery, "beat", "-l", "warning"], [*celery, "worker", "-c", "2", "-l", "warning"])
        return _measured([stack.enter_context(running(command, Path(name))) for command in commands])


def _measured(roots: list[int]) -> list[float]:
    """Return each process's CPU in percent, after it has come to rest."""
    time.sleep(SETTLE)
    pids = [pid for root in roots for pid in family(root)]
    before, started = [cpu_seconds(pid) for pid in pids], time.monotonic()
    time.sleep(MEASURE)
    taken = time.monotonic() - started
    return [100 * (cpu_seconds(pid) - former) / taken for pid, former in zip(pids, before, strict=True)]


def _each(shares: list[float]) -> str:
    return " ".join(f"{share:.2f}" for share in shares)
