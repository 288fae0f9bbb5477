import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

import beatd

SCRIPT = Path(sys.executable).with_name("beatd")
# The console script where beatd is installed, and the module where the tests run on a bare checkout.
COMMAND = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "beatd"]
ROOT = Path(beatd.__file__).parent.parent

PROJECT = """
[beatd]
app = "tasks"
timezone = "Europe/Berlin"
drain_timeout = "5s"
broker = "sqlite:///beatd.db"
namespace = "shop"
[schedules.tick]
schedule = "every 1s"
task = "tasks.add"
args = [2, 3]
description = "adds"
grace = "2d"
[schedules.nobody]
schedule = "every 1s"
task = "tasks.nobody"
[schedules.yearly]
schedule = "0 8 1 1 *"
task = "tasks.add"
args = [1, 1]
[schedules.broken]
schedule = "every monday"
task = "tasks.add"
"""
TASKS = """
from beatd import task

@task
def add(x, y):
    return x + y

@task(max_retries=0)
def fail():
    raise ValueError("no such luck")
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self) -> Any:
        (value,) = self.lines
        return value


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start a command in a process of its own, with pipes; ``command`` for another than beatd's."""

    def call(*words: str, command: list[str] | None = None) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        words = (*(command or COMMAND), *words)
        # A shell starts what runs in its background with SIGINT ignored, and children inherit that.
        heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(
            words,
            cwd=tmp_path,
            env=environment({}),
            stdout=pipe,
            stderr=pipe,
            preexec_fn=heeding,  # noqa: PLW1509  these tests have one thread
        )

    return call


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith("BEATD_") and key != "STATE_DIRECTORY"
    }
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTHONWARNINGS": "error", **extra}


def run_in(folder: Path, *words: str, env: Mapping[str, str] | None = None, command: list[str] | None = None) -> Ended:
    """Run a command to its end, in a process of its own."""
    ended = subprocess.run(
        [*(command or COMMAND), *words],
        cwd=folder,
        env=environment(env or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ended]:
    """Run a command in an empty folder."""
    return partial(run_in, tmp_path)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which `beatd run` fired, a worker ran what was fired, and both have ended."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "beatd.toml").write_text(PROJECT)
    (folder / "tasks.py").write_text(TASKS)
    with running(folder, "run", "--workers", "1"):
        wait_until(lambda: number(folder, "tick", "success") > 2 and number(folder, "nobody", "dead"))
    return folder


def number(folder: Path, entry: str, state: str) -> int:
    return len(run_in(folder, "runs", "--entry", entry, "--only", state, "--json").lines)


@pytest.fixture(scope="session")
def beatd_in(project: Path) -> Callable[..., Ended]:
    """Run a command in that folder."""
    return partial(run_in, project)


@pytest.fixture
def serving(project: Path) -> Callable[..., AbstractContextManager[None]]:
    """Keep a command running in that folder for a while."""
    return partial(running, project)


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Wait for a condition, but not for ever."""
    return wait_until


@contextmanager
def running(folder: Path, *words: str) -> Iterator[None]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*COMMAND, *words], cwd=folder, env=environment({}), stdout=log, stderr=log)
    try:
        yield
        assert process.poll() is None, (folder / "log").read_text()
    finally:
        process.terminate()
        code = process.wait(40)
    assert code == 0, (folder / "log").read_text()


def wait_until(holds: Callable[[], Any], seconds: float = 40) -> None:
    until = monotonic() + seconds
    while not holds():
        assert monotonic() < until, "it did not come about in time"
        Event().wait(0.1)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], None]:
    def to(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    return to
