import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from beatd.config.settings import Settings
from beatd.core.message import Delivery
from beatd.core.protocol import build_message
from beatd.core.registry import RegisteredTask, Registry, TaskOptions
from beatd.core.states import FINAL
from beatd.wiring.drivers import open_broker
from tests.moved_time import Time
from tests.worker.programs import TASKS, WORKER


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def children_of(pid):
    every = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {each for each in every if parent_of(each) == pid}


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def delivery():
    def make(task="shop.add", *args, attempt=1, deliveries=1, **fields):
        message = build_message(id="m1", task=task, args=args, **fields)
        return Delivery(message=message, attempt=attempt, owner="w/1", lease_until=0, deliveries=deliveries)

    return make


@pytest.fixture
def registry():
    def make(function, name="shop.add", **options):
        made = Registry()
        made.add(RegisteredTask(name, function, TaskOptions(**options)))
        return made

    return make


@pytest.fixture
def until():
    """Wait for a condition, bounded."""

    def wait(condition, seconds=15.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.01)
        pytest.fail(f"it did not happen within {seconds} s")

    return wait


class Shop:
    """A folder with a database and an application, and workers started in it."""

    def __init__(self, folder, until, pool):
        self.pool = pool
        self.folder = folder
        self.until = until
        self.broker = open_broker(Settings(broker=f"sqlite:///{folder}/beatd.db", max_deliveries=2))
        self.processes = []
        (folder / "shop_tasks.py").write_text(TASKS)

    def start(self, environ=None, **options):
        defaults = {"pool": self.pool, "concurrency": 1, "lease": 3_000_000}
        with (self.folder / "stderr").open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER, json.dumps({**defaults, **options})],
                cwd=self.folder,
                stderr=errors,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(environ or {})},
            )
        self.processes.append(process)
        return process

    def send(self, task, *args, **fields):
        message = build_message(id=fields.pop("id", str(uuid4())), task=f"shop.{task}", args=args, **fields)
        self.broker.sender.send(message)
        return message.id

    def run(self, task, *args, **fields):
        sent = self.send(task, *args, **fields)
        return self.until(lambda: self.outcome(sent))

    def state(self, message_id):
        stored = self.broker.outcomes.get(message_id)
        return stored and stored.state

    def outcome(self, message_id):
        stored = self.broker.outcomes.get(message_id)
        return stored if stored and stored.state in FINAL else None

    def sizes(self):
        return self.broker.admin.sizes().get("celery", {})

    def children(self):
        return [child for worker in self.broker.admin.workers() for child in worker.children]

    def kill_template(self, worker):
        """Kill what a worker's children are forked from, once all of them have reported."""
        self.until(self.children)
        (template,) = children_of(worker.pid) - {child["pid"] for child in self.children()}
        os.kill(template, signal.SIGKILL)
        return template

    def lines(self, name="noted"):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def lines_saying(self, text):
        return [line for line in self.lines("stderr") if text in line]

    def says(self, text):
        return bool(self.lines_saying(text))

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.broker.close()


@pytest.fixture
def shop(tmp_path, until, request):
    """A shop; parametrised indirectly, its workers are of that pool."""
    made = Shop(tmp_path, until, getattr(request, "param", "prefork"))
    yield made
    made.close()


@pytest.fixture
def same_child(shop):
    """Start a worker; return a check that it goes on, with the same child."""
    worker = shop.start()
    before = shop.run("pid").result

    def check():
        assert shop.run("pid").result == before
        assert worker.poll() is None

    return check


@pytest.fixture
def is_alive():
    def alive(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    return alive
