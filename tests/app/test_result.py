import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from beatd.app.app import App
from beatd.app.decorators import task
from beatd.app.failure import Failure
from beatd.app.result import AsyncResult
from beatd.core.states import Outcome, State
from beatd.errors import BrokerUnavailableError, ResultTimeoutError, TaskFailedError, TaskRevokedError

Work = Callable[[], list[Outcome]]
Python = Callable[..., CompletedProcess[str]]
Write = Callable[[str, str], Path]


def test_a_result_comes_back_as_it_was_returned(app: App, work: Work) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)

    @app.task
    def double(x: int, when: datetime) -> dict[str, Any]:
        return {"twice": 2 * x, "when": when}

    result = double.delay(21, when=moment)
    assert (result.state, result.ready(), result.result, result.date_done) == ("PENDING", False, None, None)
    work()
    assert result.get(timeout=1) == {"twice": 42, "when": moment}
    assert (result.status, result.successful(), result.failed(), result.ready()) == (State.SUCCESS, True, False, True)
    assert result.result == {"twice": 42, "when": moment}
    assert result.date_done is not None
    assert abs(result.date_done.timestamp() - os.stat(".").st_mtime) < 600  # noqa: PTH116  any file's time will do
    assert result.traceback is None


def test_a_result_is_found_by_its_id_alone(app: App, work: Work) -> None:
    @task
    def answer() -> int:
        return 42

    sent = answer.delay()
    work()
    for found in (AsyncResult(sent.id), AsyncResult(sent.id, app), app.AsyncResult(sent.task_id)):
        assert found.get(timeout=1) == 42
        assert (found == sent, str(found), hash(found)) == (True, sent.id, hash(sent))


def test_a_failure_is_told_and_not_rebuilt(app: App, work: Work) -> None:
    @app.task
    def fails() -> None:
        raise LookupError("no such order")

    result = fails.delay()
    work()
    with pytest.raises(TaskFailedError, match=r"^LookupError: no such order$") as caught:
        result.get(timeout=1)
    assert (caught.value.task_id, caught.value.kind) == (result.id, "LookupError")
    assert isinstance(caught.value.failure, Failure)
    failure = result.get(timeout=1, propagate=False)
    assert isinstance(failure, Failure)
    assert (failure.exc_type, str(failure), failure.exc_module) == ("LookupError", "no such order", "builtins")
    assert failure.traceback == result.traceback
    assert 'raise LookupError("no such order")' in str(result.traceback)
    assert (result.state, result.failed(), result.successful()) == (State.FAILURE, True, False)


def test_a_result_that_does_not_come_is_waited_for_no_longer_than_told(app: App) -> None:
    begun = time.perf_counter()
    with pytest.raises(ResultTimeoutError, match=r"task [0-9a-f-]{36} has not ended after 0.2 s; it is PENDING"):
        app.send_task("nobody.knows").get(timeout=0.2)
    assert 0.2 <= time.perf_counter() - begun < 2


def test_a_result_that_comes_while_it_is_waited_for_is_returned(app: App, work: Work) -> None:
    @app.task
    def answer() -> int:
        return 42

    result = answer.delay()
    later = threading.Timer(0.1, work)
    later.start()
    assert result.get(timeout=10) == 42
    later.join()


def test_a_revoked_task_is_not_run(app: App, work: Work) -> None:
    @app.task
    def never() -> None:
        raise AssertionError

    result = never.delay()
    assert result.revoke()
    assert work() == []
    with pytest.raises(TaskRevokedError, match=f"task {result.id} was revoked"):
        result.get(timeout=1)
    assert result.state is State.REVOKED
    assert not app.AsyncResult("never-sent").revoke()


def test_a_forgotten_result_is_not_known(app: App, work: Work) -> None:
    @app.task
    def answer() -> int:
        return 42

    result = answer.delay()
    work()
    assert result.successful()
    result.forget()
    assert result.state is State.PENDING


def test_an_ignored_result_is_not_waited_for(app: App, work: Work) -> None:
    @app.task(ignore_result=True)
    def answer() -> int:
        return 42

    assert answer.delay().get() is None
    [outcome] = work()
    assert (outcome.state, outcome.result) == (State.SUCCESS, None)
    assert answer.apply_async(ignore_result=False).ignored is False


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (Failure("E", ("one",)), "one"),
        (Failure("E", ("one", 2)), "('one', 2)"),
        (Failure("E"), ""),
        (Failure("E", (None,)), "None"),
    ],
)
def test_the_text_of_a_failure_is_its_message(failure: Failure, text: str) -> None:
    assert str(failure) == text


# ---------------------------------------------------------------- the broker


def test_an_unreachable_broker_is_told_within_three_seconds(tmp_path: Path) -> None:
    app = App(broker=f"sqlite:///{tmp_path}/nowhere/queue.db")
    begun = time.perf_counter()
    with pytest.raises(BrokerUnavailableError, match=r"sqlite:.*/nowhere/queue.db is not available: .*make it"):
        app.send_task("t")
    assert time.perf_counter() - begun < 3


def test_a_broker_that_another_process_has_locked_is_given_up_within_three_seconds(app: App, tmp_path: Path) -> None:
    app.send_task("t")
    with closing(sqlite3.connect(tmp_path / "queue.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.perf_counter()
        with pytest.raises(BrokerUnavailableError, match=r"queue.db is not available: the database was locked"):
            app.send_task("t")
        assert time.perf_counter() - begun < 3


def test_a_call_of_a_script_is_run_by_the_worker_under_the_same_name(
    write: Write, python: Python, tmp_path: Path
) -> None:
    write(
        "tasks.py",
        "import sys\nimport beatd\n"
        f"app = beatd.App('shop', broker='sqlite:///{tmp_path}/queue.db')\n"
        "@app.task\ndef add(x, y):\n    return x + y\n"
        "if __name__ == '__main__':\n    print(add.delay(2, 3).id)\n",
    )
    sent = python("tasks.py")
    assert sent.returncode == 0, sent.stderr
    read = (
        "import sys, tasks\nfrom beatd.core.registry import REGISTRY\nfrom beatd.clock import SystemClock\n"
        "from beatd.worker.runner import Runner\nreceiver = tasks.app.binding.bound().broker.receiver\n"
        "[delivery] = receiver.claim(['celery'], owner='me', limit=2, lease=10**7)\n"
        "runner = Runner(REGISTRY, [], SystemClock(), worker='me')\n"
        "receiver.settle(delivery, runner.run(runner.read(delivery), 1))\n"
        "print(tasks.app.AsyncResult(sys.argv[1]).get(timeout=1))"
    )
    done = python("-c", read, sent.stdout.strip())
    assert done.stdout == "5\n", done.stderr


def test_threads_share_one_broker(app: App) -> None:
    opened = set()

    def call() -> None:
        app.send_task("t")
        opened.add(id(app.binding.bound().broker))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1
    assert app.binding.bound().broker.admin.sizes()["celery"]["ready"] == 8


def test_a_forked_child_opens_its_own_connection(app: App) -> None:
    app.send_task("t", task_id="parent")
    before = app.binding.bound()
    pid = os.fork()
    if pid == 0:
        try:
            app.send_task("t", task_id="child")
            os._exit(0 if app.binding.bound() is not before else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    app.send_task("t", task_id="parent again")
    assert app.binding.bound().broker.admin.sizes()["celery"]["ready"] == 3


def test_an_id_that_was_sent_already_is_ignored(app: App) -> None:
    for _ in range(2):
        app.send_task("t", task_id="once")
    assert app.binding.bound().broker.admin.sizes()["celery"]["ready"] == 1


def test_tasks_without_an_app_use_the_one_made_last_or_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @task
    def lone() -> None: ...

    monkeypatch.setenv("BEATD_BROKER", f"sqlite:///{tmp_path}/env.db")
    assert lone.app.settings.broker.endswith("env.db")
    monkeypatch.delenv("BEATD_BROKER")
    app = App("later", broker=f"sqlite:///{tmp_path}/later.db")
    assert lone.app is app
    lone.delay()
    assert (tmp_path / "later.db").exists()
    app.close()


def test_a_closed_app_opens_again(app: App) -> None:
    app.send_task("t")
    app.close()
    app.close()
    app.send_task("t")
    assert app.binding.bound().broker.admin.sizes()["celery"]["ready"] == 2
