"""A Celery project as its users have it, with its worker and its clients, beside beatd on one Redis server."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.journeys.conftest import Desk, until
from tests.servers.absence import absent
from tests.servers.redis import PrivateRedis

CELERY = str(Path(sys.executable).parent / "celery")

APP = """
from celery import Celery

app = Celery("proj", broker="URL", backend="URL", include=["proj.tasks"])
app.conf.broker_connection_retry_on_startup = True
"""
TASKS = """
import json
import time

from proj.app import app


@app.task(bind=True)
def note(self, *args, **kwargs):
    asked = self.request
    told = {
        "by": "celery",
        "args": args,
        "kwargs": kwargs,
        "id": asked.id,
        "eta": asked.eta,
        "expires": asked.expires,
        "priority": asked.delivery_info["priority"],
        "queue": asked.delivery_info["routing_key"],
        "headers": asked.headers,
        "ignore_result": asked.ignore_result,
        "at": time.time(),
    }
    with open("ran.jsonl", "a") as file:
        file.write(json.dumps(told) + "\\n")
    return [args, kwargs]


@app.task
def nap(seconds):
    time.sleep(seconds)
"""
OURS = """
import json
import os
import time

from beatd import task


@task(name="proj.tasks.note", bind=True)
def note(self, *args, **kwargs):
    told = {"by": "beatd", "args": args, "kwargs": kwargs, "id": self.request.id, "at": time.time(), "pid": os.getpid()}
    with open("ran.jsonl", "a") as file:
        file.write(json.dumps(told) + "\\n")
    if args[:1] == ("fail",):
        raise ValueError("no", "stock")
    return [args, kwargs]


@task(name="proj.tasks.nap")
def nap(seconds):
    note("napping")
    time.sleep(seconds)
"""


class Project(Desk):
    """The user's folder with the project ``proj`` and its counterpart in beatd."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url
        self.write("proj/__init__.py", "")
        self.write("proj/app.py", APP.replace("URL", url))
        self.write("proj/tasks.py", TASKS)
        self.write("ours.py", OURS)
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def broker(self) -> tuple[str, str]:
        return "--broker", f"celery+{self.url}"

    def celery_worker(self, *words: str) -> subprocess.Popen[bytes]:
        """Start Celery's worker as its users do, and wait until it reads its queues."""
        log = self.folder / f"celery-{len(self._running)}.log"
        with log.open("w") as file:
            command = [
                CELERY,
                "-A",
                "proj.app",
                "worker",
                "-l",
                "INFO",
                "-c",
                "1",
                "-n",
                f"w{len(self._running)}",
                *words,
            ]
            made = subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=file, stderr=file)
        self._running.append(made)
        until(lambda: " ready." in log.read_text(), within=40, why=log.read_text)
        return made

    def client(self, code: str, *, within: float = 40) -> str:
        """Run a program of the project's and return what it printed."""
        text = "from proj.tasks import app, nap, note\n" + code
        words = [sys.executable, "-W", "error::RuntimeWarning", "-c", text]
        done = subprocess.run(
            words, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=within, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ran(self, *, by: str | None = None) -> list[dict]:
        """Return what tasks wrote of their runs, in their order."""
        path = self.folder / "ran.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines]
        return [each for each in found if by in (None, each["by"])]

    def close(self) -> None:
        for each in self._running:
            if each.poll() is None:
                each.send_signal(signal.SIGTERM)
                try:
                    each.wait(15)
                except subprocess.TimeoutExpired:
                    each.kill()
                    each.wait()
        super().close()


@pytest.fixture
def project(tmp_path: Path, redis_server: PrivateRedis) -> Iterator[Project]:
    version = metadata.version("celery")
    if tuple(map(int, version.split(".")[:2])) < (5, 7):
        absent(f"Celery 5.7 is needed, this is {version}")
    folder = tmp_path / "project"
    folder.mkdir()
    made = Project(folder, f"{redis_server.url}/0")
    yield made
    made.close()
