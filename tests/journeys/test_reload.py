"""Editing the code of tasks while a worker runs them."""

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.core.states import State
from beatd.wiring.drivers import open_broker
from tests.journeys.conftest import BEATD

TASKS = """
from beatd import task
from shop.words import WORD

@task
def tell():
    return WORD
"""


@pytest.fixture
def tell(desk, until):
    """Run the task, and return its result."""
    opened, count = open_broker(Settings(broker=f"sqlite:///{desk.folder}/beatd.db")), iter(range(1000))

    def run():
        message = build_message(id=f"m{next(count)}", task="shop.tasks.tell", args=())
        opened.sender.send(message)
        until(lambda: (found := opened.outcomes.get(message.id)) is not None and found.state is State.SUCCESS)
        return opened.outcomes.get(message.id).result

    desk.write("shop/__init__.py", "")
    desk.write("shop/words.py", "WORD = 'one'")
    desk.write("shop/tasks.py", TASKS)
    yield run
    opened.close()


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_an_edit_is_in_use_soon_and_a_broken_one_leaves_what_was_at_work(desk, until, tell):
    worker = desk.start("worker", "-A", "shop.tasks", "-c", "2", "--reload")
    worker.says("--reload is for development; in production send HUP")
    worker.says("worker ready")
    assert tell() == "one"
    desk.write("shop/words.py", "WORD = 'two'")
    worker.says("shop/words.py")
    until(lambda: tell() == "two", why=worker.said)
    desk.write("shop/words.py", "WORD = thrice")
    worker.says("NameError: name 'thrice' is not defined")
    worker.says("the children of before go on")
    assert tell() == "two"
    desk.write("shop/words.py", "WORD = 'six'")
    until(lambda: tell() == "six", why=worker.said)
    assert worker.said().count("--reload is for development") == 1
    assert worker.stop() == 0


def test_it_reloads_on_a_terminal_whose_end_would_be_told_by_hup(desk, until, tell):
    master, slave = pty.openpty()
    worker = subprocess.Popen(
        ["setsid", "--ctty", BEATD, "worker", "-A", "shop.tasks", "-c", "1", "--reload"],
        cwd=desk.folder, env=desk.env, stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    os.set_blocking(master, False)
    shown = []

    def says(text):
        try:
            shown.append(os.read(master, 65536).decode())
        except BlockingIOError:
            return False
        return text in "".join(shown)

    try:
        assert tell() == "one"
        desk.write("shop/words.py", "WORD = 'two'")
        until(lambda: says("source files have changed"), why=lambda: "".join(shown))
        until(lambda: tell() == "two")
        until(lambda: says("shop/words.py") or "shop/words.py" in "".join(shown))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.wait()
        os.close(master)


def test_the_watching_process_ends_with_the_worker(desk, until, tell):
    worker = desk.start("worker", "-A", "shop.tasks", "-c", "1", "--reload")
    assert tell() == "one"
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    assert len(children) == 3
    os.kill(worker.pid, signal.SIGKILL)
    worker.process.wait(10)
    # The command line of what has ended is empty, also before anybody has reaped it.
    until(lambda: not any(command(pid) for pid in children))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-A", "shop.tasks", "-P", "threads"], "--reload replaces children, which -P threads does not have"),
        (["-A", "shop.tasks", "-P", "solo"], "--reload replaces children, which -P solo does not have"),
        ([], "--reload has nothing to watch; name the application with -A"),
    ],
)
def test_where_there_is_nothing_to_reload_it_is_wrong_usage(desk, tell, words, says):
    done = desk.beatd("worker", "--reload", *words)
    assert done.returncode == 2
    assert says in done.stderr
