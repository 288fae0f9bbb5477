"""A folder in which a user works, with the console script and the processes that it starts."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.postgresql import postgres_schema

BEATD = str(Path(sys.executable).parent / "beatd")


class Started:
    """A `beatd` that runs in the background; its output is in a file."""

    def __init__(self, words: tuple[str, ...], folder: Path, env: dict[str, str]) -> None:
        self.log = folder / f"log-{len(list(folder.glob('log-*')))}.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [BEATD, *words], cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text()

    def says(self, text: str, *, within: float = 20) -> None:
        until(lambda: text in self.said() or self.process.poll() is not None, within=within, why=self.said)
        assert text in self.said(), self.said()

    def stop(self, signum: int = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(40)


class Desk:
    """Where a user writes files and types commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("BEATD_")}
        self.env.pop("STATE_DIRECTORY", None)
        self.started: list[Started] = []

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *words: str) -> Started:
        started = Started(words, self.folder, self.env)
        self.started.append(started)
        return started

    def beatd(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BEATD, *words], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60, check=False
        )

    def runs(self, *words: str) -> list[dict]:
        found = self.beatd("runs", "--json", "--count", "1000", *words)
        return [json.loads(line) for line in found.stdout.splitlines()]

    def ended(self, entry: str) -> list[str]:
        """Return the states of an entry's fires that are over, newest first."""
        over = {"success", "failure", "dead", "revoked"}
        return [run["state"] for run in self.runs("--entry", entry) if run["state"] in over]

    def close(self) -> None:
        for each in self.started:
            if each.process.poll() is None:
                os.killpg(each.pid, signal.SIGKILL)
                each.process.wait(10)


def until(condition, *, within: float = 20, why=lambda: "it did not happen in time") -> None:
    """Wait for a condition, looking often, for a bounded time."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.fixture(name="until")
def fixture_until():
    return until


_SLOW = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=_SLOW), pytest.param("redis", marks=_SLOW)])
def broker(request: pytest.FixtureRequest):
    """The URL of each kind of store; None: the embedded one."""
    if request.param == "postgresql":
        with postgres_schema() as url:
            yield url
    else:
        yield None if request.param == "sqlite" else request.getfixturevalue("redis_server").url
