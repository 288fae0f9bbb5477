"""Workers under attack: several, each with two children, over one broker, and senders that keep them busy."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.site import ROOT, Run, Runs
from tests.faults.stores import Store
from tests.faults.worker.account import Account, count_waiting, read_account

TASKS = """
import ctypes, os, signal, time
from pathlib import Path
from beatd import task

def note(self, what):
    told = [time.time_ns() // 1000, self.request.id, what, self.request.retries, os.getpid()]
    # One write of one line: appended as a whole, also when the process is killed.
    fd = os.open("traces.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, ("\\t".join(map(str, told)) + "\\n").encode())
    os.close(fd)

@task(name="noop", bind=True)
def noop(self):
    note(self, "begin")
    note(self, "end")

@task(name="nap", bind=True)
def nap(self, seconds):
    note(self, "begin")
    time.sleep(seconds)
    note(self, "end")

@task(name="nothing", ignore_result=True)
def nothing():
    pass

@task(name="waits", bind=True)
def waits(self, file):
    note(self, "begin")
    while not Path(file).exists():
        time.sleep(0.02)
    note(self, "end")

@task(name="fails", bind=True)
def fails(self):
    note(self, "begin")
    raise LookupError("no stock")

@task(name="retries", bind=True, autoretry_for=(ValueError,), max_retries=3, retry_backoff=0.1)
def retries(self, times):
    note(self, "begin")
    if self.request.retries < times:
        raise ValueError("not yet")
    note(self, "end")

def die(self, times, how):
    note(self, "begin")
    death = Path("deaths") / self.request.id
    former = death.stat().st_size if death.exists() else 0
    if former < times:
        with death.open("a") as file:
            file.write("+")
        how()
    note(self, "end")

@task(name="exits", bind=True)
def exits(self, times):
    die(self, times, lambda: os._exit(0))

@task(name="is_killed", bind=True)
def is_killed(self, times):
    die(self, times, lambda: os.kill(os.getpid(), signal.SIGKILL))

@task(name="crashes", bind=True)
def crashes(self, times):
    die(self, times, lambda: ctypes.string_at(0))
"""


class Farm(Runs):
    """``workers`` programs on the store's proxies, and one sender beside each at ``rate`` messages a second in all."""

    def __init__(self, folder: Path, store: Store, *, workers: int, rate: float = 0, seed: int = 0) -> None:
        self.folder, self.store = folder, store
        self.traces, self.sent = folder / "traces.txt", folder / "sent.txt"
        (folder / "tasks.py").write_text(TASKS)
        (folder / "deaths").mkdir()
        self.traces.touch()
        self.sent.touch()
        self.workers = [self._run("worker", place) for place in range(workers)]
        each = str(rate / workers)
        given = (str(self.sent), f"{seed}", each)
        self.senders = [self._run("sender", place, *given) for place in range(workers if rate else 0)]
        self.runs = [*self.workers, *self.senders]

    def _run(self, program: str, place: int, *given: str) -> Run:
        command = [sys.executable, "-m", f"tests.faults.worker.{program}", self.store.url_for(place), *given]
        run = Run(command, self.folder, self.folder / f"{program}-{place}.log")
        run.environ["PYTHONPATH"] = str(ROOT)
        return run

    def start(self) -> None:
        """Start everything, and wait until something runs."""
        for run in self.workers:
            run.start()
            self.wait(run.is_ready, "a worker is not ready")
        for run in self.senders:
            run.start()
        if self.senders:
            self.wait(lambda: self.traces.stat().st_size, "nothing runs")

    def stop(self) -> Account:
        """Let what was sent end, stop gracefully; return the broker's account."""
        for run in self.senders:
            run.ask_to_stop()
            run.wait()
        self.drain()
        wanted = [run for run in self.workers if run.is_wanted]
        for run in wanted:
            run.ask_to_stop()
        codes = [run.wait() for run in wanted]
        # Who is told before it listens for signals ends by this one.
        assert {*codes} <= {0, -signal.SIGTERM}, f"{codes}\n{self.logs()}"
        return read_account(self.store.url)

    def drain(self, seconds: float = 60) -> None:
        """Wait until nothing waits or runs."""
        self.wait(lambda: not count_waiting(self.store.url), "what was sent does not end", seconds)

    def begun(self) -> list[str]:
        """Return the ids of the runs that have begun, in that order."""
        return [id_ for _, id_, what, *_ in self._lines() if what == "begin"]

    def newest(self) -> str:
        """Return the id of what was last heard of."""
        with self.traces.open("rb") as traces:
            traces.seek(max(0, self.traces.stat().st_size - 1000))
            whole, _, _ = traces.read().rpartition(b"\n")
            return whole.splitlines()[-1].split(b"\t")[1].decode()

    def who_runs(self, id_: str) -> Run:
        """Return the worker one of whose children has begun it."""
        pid = next(int(pid) for _, of, _, _, pid in self._lines() if of == id_)
        return next(run for run in self.workers if pid in run.pids())

    def _lines(self) -> list[list[str]]:
        # The last one may be in the middle of being written.
        whole, _, _ = self.traces.read_text().rpartition("\n")
        return [line.split("\t") for line in whole.splitlines()]


def until(question: Callable[[], object], seconds: float = 20) -> None:
    """Wait for it, for so long at most."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)
