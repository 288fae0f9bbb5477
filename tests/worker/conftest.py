import json
import os
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


class Time:
    """A clock that moves when it is told to."""

    def __init__(self, at=1_000_000_000):
        self.at = at

    def now(self):
        return self.at

    def elapsed(self):
        return self.at


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def delivery():
    def make(task="shop.add", *args, attempt=1, **fields):
        message = build_message(id="m1", task=task, args=args, **fields)
        return Delivery(message=message, attempt=attempt, owner="w/1", lease_until=0)

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


TASKS = """
import os, signal, subprocess, sys, time
from beatd.core.registry import REGISTRY, RegisteredTask, TaskOptions
from beatd.errors import Retry, SoftTimeLimitExceeded

def task(**options):
    def register(function):
        REGISTRY.add(RegisteredTask(f"shop.{function.__name__}", function, TaskOptions(**options)))
        return function
    return register

@task()
def note(text):
    with open("noted", "a") as file:
        file.write(f"{text}\\n")
    return text

@task()
def fail():
    raise ValueError("no stock")

@task()
def leave(code):
    note("leave")
    os._exit(code)

@task()
def kill():
    note("kill")
    os.kill(os.getpid(), signal.SIGKILL)

@task()
def forever(text="forever"):
    note(f"{text} {os.getpid()}")
    while True:
        time.sleep(60)

@task()
def nap(seconds, text):
    note(f"{text} begun")
    time.sleep(seconds)
    note(f"{text} ended")

@task()
def linger(seconds):
    time.sleep(seconds)

@task()
def with_process():
    note(f"started {subprocess.Popen(['sleep', '60']).pid}")
    time.sleep(60)

@task()
def careful():
    try:
        time.sleep(60)
    except SoftTimeLimitExceeded:
        return "cleaned up"

@task(retry_backoff=0.01, retry_jitter=False, autoretry_for=(ValueError,), max_retries=2)
def stubborn():
    note("stubborn")
    raise ValueError("no stock")

@task(bind=True)
def second_time(self):
    if self.request.retries == 0:
        self.retry(countdown=0.05)
    return self.request.retries

@task(acks="early")
def once():
    note("once")
    os._exit(1)

@task(acks="early")
def once_forever():
    forever()

@task(acks="early")
def once_well():
    return "done"

@task()
def pid():
    return os.getpid()
"""

WORKER = """
import json, sys
from pathlib import Path
sys.path.insert(0, "")
from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.errors import BrokerUnavailableError
from beatd.processes.logs import set_up_logging
from beatd.processes.notify import Notifier
from beatd.wiring.drivers import open_broker
from beatd.worker.service import run_worker
from beatd.worker.spec import WorkerSpec

def load():
    with open("loaded", "a") as file:
        file.write("loaded\\n")
    import shop_tasks

class Failing:
    # Passes requests on, but while a file says that there is an outage.
    def __init__(self, port):
        self._port = port
    def __getattr__(self, name):
        if Path("outage").exists():
            raise BrokerUnavailableError("sqlite:///beatd.db", "outage")
        return getattr(self._port, name)

class Broker:
    def __init__(self):
        broker = open_broker(settings)
        self.receiver, self.admin, self.close = Failing(broker.receiver), Failing(broker.admin), broker.close
        self.limits = Failing(broker.limits)

set_up_logging("info", "logfmt")
settings = Settings(broker="sqlite:///beatd.db", max_deliveries=2)
options = json.loads(sys.argv[1])
queues = tuple(options.pop("queues", ["celery"]))
spec = WorkerSpec(
    queues=queues, open_broker=Broker, load_app=load, clock=SystemClock(), **options
)
sys.exit(run_worker(spec, notifier=Notifier.from_environment()))
"""


class Shop:
    """A folder with a database and an application, and workers started in it."""

    def __init__(self, folder, until):
        self.folder = folder
        self.until = until
        self.broker = open_broker(Settings(broker=f"sqlite:///{folder}/beatd.db", max_deliveries=2))
        self.processes = []
        (folder / "shop_tasks.py").write_text(TASKS)

    def start(self, environ=None, **options):
        with (self.folder / "stderr").open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", WORKER, json.dumps({"concurrency": 1, "lease": 3_000_000, **options})],
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
def shop(tmp_path, until):
    made = Shop(tmp_path, until)
    yield made
    made.close()


@pytest.fixture
def is_alive():
    def alive(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    return alive
