"""How a worker starts: its application is imported once, in the process that children are forked from."""

import os
import signal
from contextlib import closing

import pytest

from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.core.states import State
from beatd.processes.tether import HAS_DEATH_SIGNAL
from beatd.wiring.drivers import open_broker
from tests.worker.conftest import children_of

TASKS = """
import os, sys
from beatd import App

def note():
    with open("imported", "a") as file:
        file.write(f"{os.getpid()}\\n")

note()
print("printed by the import")
app = App("shop", namespace="of-the-app", log_format="json")
seen = app.settings

@app.task
def where():
    return [os.getpid(), app.settings.namespace, seen.namespace, seen.queue]
"""
MORE = "import tasks\ntasks.note()\n"

forks = pytest.mark.skipif(not HAS_DEATH_SIGNAL, reason="each child imports the application here")


@pytest.fixture
def shop(desk):
    desk.write("tasks.py", TASKS)
    desk.write("more.py", MORE)
    with closing(open_broker(Settings(broker=f"sqlite:///{desk.folder}/beatd.db", namespace="of-the-app"))) as broker:
        yield broker


@pytest.fixture
def run(shop, until):
    def call(task: str) -> object:
        message = build_message(id=os.urandom(8).hex(), task=task, args=(), queue="slow")
        shop.sender.send(message)
        until(lambda: (found := shop.outcomes.get(message.id)) and found.state is State.SUCCESS)
        return shop.outcomes.get(message.id).result

    return call


def imported(desk) -> list[int]:
    return [int(pid) for pid in (desk.folder / "imported").read_text().split()]


@forks
def test_the_application_is_imported_once_in_the_process_that_children_come_from(desk, run, until) -> None:
    worker = desk.start("worker", "-A", "tasks", "-A", "more", "-c", "2", "-Q", "slow", "-l", "info")
    pid, *settings = run("tasks.where")
    # One module's import, and the other's.
    assert len(imported(desk)) == 2
    (template,) = set(imported(desk))
    assert template in children_of(worker.pid)
    assert pid in children_of(worker.pid)
    # What the application says itself held while it was imported, too.
    assert settings == ["of-the-app", "of-the-app", "celery"]
    assert '"message": "worker ready"' in worker.said()
    assert worker.said().count("printed by the import") == 1
    os.kill(template, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    until(lambda: len(imported(desk)) == 4, why=worker.said)
    assert run("tasks.where")[1:] == settings
    assert worker.stop() == 0


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_a_pool_without_children_has_what_the_application_says(desk, run, pool) -> None:
    worker = desk.start("worker", "-A", "tasks", "-P", pool, "-Q", "slow")
    pid, *settings = run("tasks.where")
    assert (pid, settings) == (worker.pid, ["of-the-app", "of-the-app", "celery"])
    assert children_of(worker.pid) == set()
    assert worker.stop() == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("raise RuntimeError('no stock')", "RuntimeError: no stock"),
        ("app.task(name='beatd.shell')(note)", "CallError: two tasks are named 'beatd.shell'"),
    ],
)
def test_an_application_that_cannot_be_imported_is_told_in_its_own_words(desk, more, told) -> None:
    desk.write("tasks.py", f"{TASKS}\n{more}\n")
    ended = desk.beatd("worker", "-A", "tasks")
    assert ended.returncode == 1
    assert f"error: importing 'tasks' failed: {told}" in ended.stderr
    assert len(imported(desk)) == 1
