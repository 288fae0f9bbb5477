"""The application is imported once, in a process that children are forked from."""

import os
import signal
import socket
from pathlib import Path

import pytest

from beatd.core.states import State
from beatd.processes.tether import HAS_DEATH_SIGNAL
from beatd.worker.template import process
from tests.worker.conftest import children_of, parent_of

pytestmark = pytest.mark.skipif(not HAS_DEATH_SIGNAL, reason="each child imports the application here")

MS = 1000
DRAW = """
import random
@task()
def draw():
    time.sleep(0.3)
    return [os.getpid(), random.random()]
"""
POOLED = """
import sqlalchemy, sqlite3
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.db"}})
from django.db import connection
connection.ensure_connection()
engine = sqlalchemy.create_engine("sqlite:///pooled.db", poolclass=sqlalchemy.pool.QueuePool)
engine.connect().close()
assert engine.pool.checkedin() == 1

@task()
def held():
    return [engine.pool.checkedin(), connection.connection is None]
"""
STRAY = """
@task()
def leave_a_stray():
    subprocess.run(["setsid", "sh", "-c", "sleep 0.2 & echo $! > stray"], check=True)
"""


@pytest.fixture
def template_of(shop, until):
    """Return the template of a worker whose children have all reported."""

    def find(worker, count=1):
        children = until(lambda: {child["pid"] for child in shop.children() if len(shop.children()) == count})
        (found,) = children_of(worker.pid) - children
        return found

    return find


def append(shop, text):
    tasks = shop.folder / "shop_tasks.py"
    tasks.write_text(tasks.read_text() + text)


def test_the_application_is_imported_once_for_all_children_and_their_successors(shop, until):
    shop.start(concurrency=3, max_tasks_per_child=1)
    ids = [shop.send("pid") for _ in range(9)]
    until(lambda: all(shop.outcome(each) for each in ids))
    assert len({shop.outcome(each).result for each in ids}) == 9
    assert shop.lines("loaded") == ["loaded"]


def test_children_draw_different_random_numbers(shop, until):
    append(shop, DRAW)
    shop.start(concurrency=3)
    ids = [shop.send("draw") for _ in range(3)]
    until(lambda: all(shop.outcome(each) for each in ids))
    drawn = [shop.outcome(each).result for each in ids]
    assert len({number for _, number in drawn}) == 3
    assert len({pid for pid, _ in drawn}) > 1


def test_children_have_no_connection_of_the_pools_of_sqlalchemy_and_django(shop):
    append(shop, POOLED)
    shop.start()
    assert shop.run("held").result == [0, True]


def test_a_template_that_dies_is_replaced_and_its_children_go_on(shop, until, is_alive, template_of):
    worker = shop.start(report=100 * MS)
    before = shop.run("pid").result
    template = template_of(worker)
    os.kill(template, signal.SIGKILL)
    until(lambda: shop.lines_saying("the process that children are forked from ended unexpectedly"))
    assert shop.run("pid").result == before
    until(lambda: len(shop.lines("loaded")) == 2)
    shop.send("kill")
    assert until(lambda: shop.run("pid")).result != before
    assert worker.poll() is None


def test_a_template_that_does_not_answer_is_replaced(shop, until, is_alive, template_of):
    worker = shop.start(report=100 * MS)
    before = shop.run("pid").result
    template = template_of(worker)
    os.kill(template, signal.SIGSTOP)
    os.kill(before, signal.SIGKILL)
    until(lambda: not is_alive(template))
    assert shop.run("pid").state is State.SUCCESS
    assert shop.says("the process that children are forked from does not fork")
    assert len(children_of(worker.pid)) == 2


def test_template_and_children_die_with_their_supervisor(shop, until, is_alive, template_of):
    worker = shop.start(concurrency=2, report=100 * MS)
    template_of(worker, 2)
    family = children_of(worker.pid)
    assert len(family) == 3
    worker.kill()
    until(lambda: not any(map(is_alive, family)))


def test_an_import_that_hangs_shows_where_and_ends_the_worker(shop):
    append(shop, "\ndef hang():\n    time.sleep(60)\nhang()\n")
    worker = shop.start(silent_after=500 * MS)
    assert worker.wait(15) == 1
    assert shop.says("the application takes too long to be imported")
    assert shop.says("in hang")


def test_an_application_with_threads_is_imported_by_each_child(shop, until):
    append(shop, "\nthreading.Thread(target=time.sleep, args=(60,), name='exporter', daemon=True).start()\n")
    append(shop, "\n@task()\ndef threads():\n    return [thread.name for thread in threading.enumerate()]\n")
    worker = shop.start(concurrency=2, report=100 * MS)
    assert "exporter" in shop.run("threads").result
    until(lambda: len(children_of(worker.pid)) == 2)
    (line,) = shop.lines_saying("starts threads when it is imported")
    assert "threads=exporter" in line
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0


def test_connections_that_the_application_opens_are_named(shop, until):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        append(shop, f"\nimport socket\nopened = socket.create_connection(('127.0.0.1', {port}))\n")
        shop.start(concurrency=2)
        shop.run("pid")
    (line,) = shop.lines_saying("opens connections when it is imported")
    assert f"sockets=127.0.0.1:{port}" in line


def test_what_tasks_leave_behind_is_reaped(shop, until, is_alive):
    append(shop, STRAY)
    worker = shop.start()
    shop.run("leave_a_stray")
    stray = int((shop.folder / "stray").read_text())
    until(lambda: not Path(f"/proc/{stray}").exists())
    assert worker.poll() is None


def test_a_task_is_run_by_a_child_of_the_supervisor(shop):
    worker = shop.start()
    assert parent_of(shop.run("pid").result) == worker.pid


@pytest.fixture
def door():
    """The template's end of its supervisor's questions, and the other, at which one has been asked."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.send(b"0 owner")
    with ours, theirs:
        yield ours, theirs


def test_a_template_whose_supervisor_dies_before_it_has_answered_ends_without_a_word(monkeypatch, door, caplog):
    def fork_late(supervisor, live, tell):
        door[1].close()
        tell(4711)

    monkeypatch.setattr(process, "fork_for", fork_late)
    process._serve(None, None, None, 1, door[0])
    assert not caplog.records


def test_a_template_that_can_fork_no_further_process_says_why_and_ends(monkeypatch, door, caplog):
    def refuse(supervisor, live, tell):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(process, "fork_for", refuse)
    process._serve(None, None, None, 1, door[0])
    (line,) = caplog.records
    assert (line.message, line.error) == ("a child cannot be forked", "[Errno 11] Resource temporarily unavailable")
