"""What a task has called around its runs."""

import logging

import pytest

from beatd.core.states import State
from beatd.errors import NotSerializableError, Retry
from beatd.worker.runner import Runner

NAMES = ("before_start", "on_success", "on_retry", "on_failure", "after_return")


@pytest.fixture
def run(registry, delivery, clock):
    """Run a function with every hook, and return the outcome and what the hooks were given, in order."""

    def go(function, *args, hooks=None, **options):
        seen = []

        def noting(name):
            return lambda context, *given: seen.append((name, context.request.id, *given))

        chosen = {name: noting(name) for name in NAMES} if hooks is None else hooks
        runner = Runner(registry(function, **chosen, **options), [], clock, worker="w/1", draw=lambda: 1.0)
        call = runner.read(delivery("shop.add", *args))
        return runner.run(call, clock.now()), seen

    return go


def test_hooks_of_a_success(run):
    outcome, seen = run(lambda a: a + 1, 2)
    assert outcome.result == 3
    assert seen == [
        ("before_start", "m1", "m1", (2,), {}),
        ("on_success", "m1", 3, "m1", (2,), {}),
        ("after_return", "m1", "SUCCESS", 3, "m1", (2,), {}, None),
    ]


def test_hooks_of_a_failure_are_told_the_error_and_its_traceback(run):
    def fail(a):
        raise ValueError(a)

    outcome, seen = run(fail, 2)
    assert outcome.state is State.FAILURE
    assert [each[0] for each in seen] == ["before_start", "on_failure", "after_return"]
    _, _, error, task_id, args, kwargs, info = seen[1]
    assert (type(error), error.args, task_id, args, kwargs) == (ValueError, (2,), "m1", (2,), {})
    assert str(info) == outcome.traceback
    assert info.exception is error
    assert seen[2][2:] == ("FAILURE", error, "m1", (2,), {}, info)


def test_hooks_of_a_retry_are_told_the_error_behind_it(run):
    def again(self):
        self.retry(exc=OSError("busy"))

    def plainly():
        raise Retry("later")

    outcome, seen = run(again, bind=True)
    assert outcome.state is State.RETRY
    assert [each[0] for each in seen] == ["before_start", "on_retry", "after_return"]
    assert type(seen[1][2]) is OSError
    assert seen[2][2] == "RETRY"
    _, seen = run(plainly)
    assert type(seen[1][2]) is Retry


def test_a_result_that_cannot_be_stored_is_a_failure_to_the_hooks_too(run):
    outcome, seen = run(object)
    assert outcome.state is State.FAILURE
    assert [each[0] for each in seen] == ["before_start", "on_failure", "after_return"]
    assert type(seen[1][2]) is NotSerializableError


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["before_start", "on_success", "after_return"])
def test_an_error_in_a_hook_is_logged_and_changes_nothing(run, caplog, name, error):
    def broken(*_):
        raise error

    with caplog.at_level(logging.ERROR):
        outcome, _ = run(lambda: 5, hooks={name: broken})
    assert (outcome.state, outcome.result) == (State.SUCCESS, 5)
    [record] = caplog.records
    assert (record.getMessage(), record.message_id, record.exc_info[1]) == ("a hook failed", "m1", error)
    assert "broken" in record.hook


def test_a_task_without_hooks_calls_none(run):
    assert run(lambda: 5, hooks={})[0].result == 5
