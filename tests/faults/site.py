"""A site under attack: several `beatd run` over one store, a schedule file that is edited, what takes the messages."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from tests.faults.stores import Store

ROOT = Path(__file__).parents[2]
BEATD = str(Path(sys.executable).parent / "beatd")

TASKS = """
import os, time
from datetime import UTC, datetime, timedelta
from beatd import task

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

@task(name="mark", bind=True)
def mark(self, edit=0):
    headers = self.request.headers
    fire = (datetime.fromisoformat(headers["beatd_fire_time"]) - EPOCH) // timedelta(microseconds=1)
    told = [time.time_ns() // 1000, self.request.id, fire, headers["beatd_entry"], edit]
    # One write of one line: appended as a whole, also when the process is killed.
    fd = os.open("traces.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, ("\\t".join(map(str, told)) + "\\n").encode())
    os.close(fd)
"""
CHOICES = {
    "fast": ("every 100ms", "every 200ms"),
    "second": ("every 1s", "every 2s"),
    "cron": ("* * * * * *", "*/2 * * * * *"),
    "comes-and-goes": ("every 1s", None),
}


class Run:
    """One `beatd run`, started again and again; its signals reach the parent, the scheduler, or both.

    ``environ``: variables that it gets besides ours.
    """

    def __init__(self, command: list[str], folder: Path, log: Path) -> None:
        self._command, self._folder, self.log = command, folder, log
        self._process: subprocess.Popen[bytes] | None = None
        self._heard: socket.socket | None = None
        self.is_wanted = False
        self.environ: dict[str, str] = {}

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.is_wanted = True
        if self.is_running:
            return
        address = f"beatd-tests-{uuid4().hex}"
        environ = {key: value for key, value in os.environ.items() if not key.startswith("BEATD_")}
        environ |= self.environ
        environ["NOTIFY_SOCKET"] = f"@{address}"
        self._forget()
        self._heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._heard.bind(f"\0{address}")
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=environ, stdout=log, stderr=log, start_new_session=True
            )

    def is_ready(self) -> bool:
        """Return whether it has told its service manager since it was last asked that it is."""
        try:
            return self._heard is not None and b"READY=1" in self._heard.recv(4096)
        except BlockingIOError:
            return False

    def pids(self) -> list[int]:
        """Return the parent and what it has started, the scheduler first."""
        return [] if self._process is None or not self.is_running else [self._process.pid, *_below(self._process.pid)]

    def kill(self) -> None:
        """Kill -9 all of it."""
        self.is_wanted = False
        for pid in self.pids():
            tell(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(20)
        self._forget()

    def tell_all(self, number: signal.Signals) -> None:
        for pid in self.pids():
            tell(pid, number)

    def ask_to_stop(self) -> None:
        self.is_wanted = False
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 40) -> int:
        return 0 if self._process is None else self._process.wait(seconds)

    def _forget(self) -> None:
        if self._heard is not None:
            self._heard.close()
            self._heard = None


class Runs:
    """Programs side by side, which are kept running."""

    runs: list[Run]

    def keep(self) -> None:
        """Start again what ended by itself, as a service manager does: because the store was away as it started."""
        for run in self.runs:
            if run.is_wanted:
                run.start()

    def end(self) -> None:
        """Kill what is left."""
        for run in self.runs:
            run.kill()

    def logs(self, most: int = 4000) -> str:
        return "".join(f"--- {run.log.name}\n{run.log.read_text()[-most:]}" for run in self.runs if run.log.exists())

    def lines_with(self, *words: str) -> list[str]:
        """Return the first lines of the logs with one of these words."""
        lines = (line for run in self.runs if run.log.exists() for line in run.log.read_text().splitlines())
        return [line for line in lines if any(word in line for word in words)][:20]

    def wait(self, question: Callable[[], object], else_: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < deadline, f"{else_}\n{self.logs()}"
            self.keep()
            time.sleep(0.1)


class Site(Runs):
    """A folder with a schedule file, an application, ``schedulers`` and, with ``workers`` 0, a recorder.

    ``load``: schedule and misfire of entries that are never edited.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        dice: random.Random,
        *,
        schedulers: int,
        load: Sequence[tuple[str, str]],
        workers: int = 0,
    ) -> None:
        self.folder, self.store = folder, store
        self.traces = folder / "traces.txt"
        self.workers = workers
        self._dice, self._edit = dice, 0
        self._load = "\n".join(
            f'[schedules.load-{number:06}]\nschedule = "{schedule}"\nmisfire = "{misfire}"\n'
            for number, (schedule, misfire) in enumerate(load)
        )
        self._written: dict[str, tuple[str | None, int]] = {}
        labour = ["--workers", str(workers), "-A", "tasks"] if workers else ["--no-worker"]
        self.runs = [
            Run([BEATD, "run", *self.given(place), *labour], folder, folder / f"run-{place}.log")
            for place in range(schedulers)
        ]
        (folder / "tasks.py").write_text(TASKS)
        self.traces.touch()
        self._recorder: subprocess.Popen[bytes] | None = None

    def given(self, place: int) -> list[str]:
        """Return the arguments by which the scheduler at a place finds the store."""
        return ["--broker", self.store.url_for(place)]

    def edit(self) -> None:
        """Write another set, by an atomic rename as editors and deploys do."""
        self._edit += 1
        lines = ['[beatd]\nlog_level = "warning"\n[defaults]\ntask = "mark"\n']
        for name, rules in CHOICES.items():
            rule = self._dice.choice(rules)
            former, edit = self._written.get(name, (None, 0))
            if rule != former or self._dice.random() < 0.5:
                edit = self._edit
            self._written[name] = (rule, edit)
            if rule is not None:
                lines.append(f'[schedules.{name}]\nschedule = "{rule}"\nargs = [{edit}]\nmisfire = "all"\n')
        (self.folder / "new.toml~").write_text("\n".join([*lines, self._load]))
        (self.folder / "new.toml~").rename(self.folder / "beatd.toml")

    def start(self, patience: float = 60) -> None:
        """Start everything, the first scheduler first, and wait for so many seconds for each to be ready."""
        self.edit()
        if not self.workers:
            command = [sys.executable, "-m", "tests.faults.recorder", self.store.url, str(self.traces)]
            self._recorder = subprocess.Popen(command, cwd=ROOT)
        for run in self.runs:
            run.start()
            self.wait(run.is_ready, "a scheduler is not ready", patience)
        self.wait(lambda: self.traces.stat().st_size, "nothing fires")

    def stop(self) -> int:
        """Let it settle, stop it gracefully; return until when, in microseconds, all was to be looked after."""
        self.wait(self._is_settled, "what is due does not come")
        until = time.time_ns() // 1000
        for run in self.runs:
            run.ask_to_stop()
        codes = [run.wait() for run in self.runs]
        # Who is told before it listens for signals ends by this one.
        assert {*codes} <= {0, -signal.SIGTERM}, f"{codes}\n{self.logs()}"
        if self._recorder is not None:
            self._recorder.send_signal(signal.SIGTERM)
            assert self._recorder.wait(70) == 0
            self._recorder = None
        return until

    def end(self) -> None:
        """Kill what is left."""
        super().end()
        if self._recorder is not None:
            self._recorder.kill()
            self._recorder.wait()

    def complaints(self) -> list[str]:
        """Return the lines of the logs that no disturbance excuses."""
        return self.lines_with(
            "Traceback", "message was there already", "strange_store", "rolled_back", "store went back"
        )

    def _is_settled(self) -> bool:
        """Return whether something came during the last second, and all of it on time."""
        with closing(self.traces.open("rb")) as traces:
            traces.seek(max(0, self.traces.stat().st_size - 200_000))
            lines = traces.read().splitlines()[1:]
        now = time.time_ns() // 1000
        lately = [(int(arrived), int(fire)) for arrived, _, fire, *_ in (line.split(b"\t") for line in lines)]
        lately = [(arrived, fire) for arrived, fire in lately if arrived > now - 1_000_000]
        return bool(lately) and all(arrived - fire < 1_000_000 for arrived, fire in lately)


def steady(rate: int) -> list[tuple[str, str]]:
    """Return schedules that together fire so often a second, evenly, half of them with another misfire policy."""
    return [(f"every 1s offset {each * 1000 // rate}ms", ("latest", "all")[each % 2]) for each in range(rate)]


def tell(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _below(pid: int) -> list[int]:
    """Return the processes below one, the nearest first."""
    try:
        found = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return found + [below for each in found for below in _below(each)]
