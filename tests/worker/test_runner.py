import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from beatd.core.message import Delivery, Message
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import MaxRetriesExceededError, Retry, SoftTimeLimitExceeded
from beatd.middleware.base import Middleware
from beatd.worker.runner import Runner

SECOND = 1_000_000


@pytest.fixture
def run(registry, delivery, clock):
    """Run a function as a task and return its outcome."""

    def go(function, *args, options=None, middleware=(), attempt=1, **fields):
        runner = Runner(registry(function, **(options or {})), middleware, clock, worker="w/1", draw=lambda: 1.0)
        call = runner.read(delivery("shop.add", *args, attempt=attempt, **fields))
        return runner.run(call, clock.now())

    return go


def test_a_task_is_called_with_its_arguments_and_its_result_kept(run):
    outcome = run(lambda a, b, c=0: a + b + c, 1, 2, kwargs={"c": 3})
    assert (outcome.state, outcome.verdict, outcome.result) == (State.SUCCESS, Verdict.DONE, 6)


def test_a_task_that_raises_has_failed_and_its_traceback_begins_with_the_task(run):
    def fail():
        raise ValueError("no stock")

    outcome = run(fail)
    assert outcome.state is State.FAILURE
    assert outcome.result == {"exc_type": "ValueError", "exc_message": ["no stock"], "exc_module": "builtins"}
    assert "in fail" in outcome.traceback
    assert "beatd/worker/runner.py" not in outcome.traceback


@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt(), GeneratorExit()])
def test_a_task_that_would_end_the_process_has_only_failed(run, error):
    def fail():
        raise error

    assert run(fail).result["exc_type"] == type(error).__name__


def test_wrong_arguments_are_a_failure(run):
    assert run(lambda a: a).result["exc_type"] == "TypeError"


def test_a_result_that_is_no_json_is_a_failure_that_says_which_type(run):
    outcome = run(lambda: {"sizes": object()})
    assert outcome.state is State.FAILURE
    assert outcome.result["exc_type"] == "NotSerializableError"
    assert "object" in outcome.reason


@pytest.mark.parametrize("how", [{"options": {"ignore_result": True}}, {"ignore_result": True}])
def test_an_ignored_result_may_be_anything(run, how):
    outcome = run(object, **how)
    assert (outcome.state, outcome.result, outcome.keep) == (State.SUCCESS, None, False)


def test_an_async_task_is_awaited(run):
    async def add(a):
        await asyncio.sleep(0)
        return a + 1

    assert run(add, 1).result == 2


def test_an_unknown_task_goes_to_the_dead_letters_with_the_nearest_names(registry, delivery, clock):
    seen = []

    class Seen(Middleware):
        def on_failure(self, delivery, outcome):
            seen.append(outcome.reason)

    runner = Runner(registry(lambda: None, name="shop.heartbeat"), [Seen()], clock, worker="w/1")
    outcome = runner.read(delivery("shop.hartbeat"))
    assert isinstance(outcome, Outcome)
    assert (outcome.verdict, outcome.state) == (Verdict.DEAD, State.FAILURE)
    assert "no task named 'shop.hartbeat' is registered; did you mean 'shop.heartbeat'?" in outcome.reason
    assert seen == [outcome.reason]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1, 2, 3]", b"\xff\xfe", b"[[], {}]"])
def test_a_body_that_cannot_be_read_goes_to_the_dead_letters(registry, clock, body):
    runner = Runner(registry(lambda: None), [], clock, worker="w/1")
    message = Message(id="m", task="shop.add", queue="q", headers={}, body=body)
    outcome = runner.read(Delivery(message=message, attempt=1, owner="w/1", lease_until=0))
    assert outcome.verdict is Verdict.DEAD
    assert outcome.reason.startswith("ValueError: the body")


@pytest.mark.parametrize("link", ["chain", "chord", "callbacks", "errbacks"])
def test_a_message_that_others_should_follow_is_not_run_without_them(registry, delivery, clock, link):
    runner = Runner(registry(lambda: None), [], clock, worker="w/1")
    outcome = runner.read(delivery(embed={link: [{"task": "next"}]}))
    assert outcome.verdict is Verdict.DEAD
    assert outcome.reason.startswith(f"ValueError: its {link} to follow are not in this version")


@pytest.mark.parametrize("timelimit", [None, "x", [1], ["a", "b"], [-1, 0], [None, None], {}])
def test_odd_time_limits_of_other_clients_count_as_none(registry, clock, timelimit):
    runner = Runner(registry(lambda: None, time_limit=9.0), [], clock, worker="w/1")
    message = Message(id="m", task="shop.add", queue="q", headers={"timelimit": timelimit}, body=b"[[],{},null]")
    call = runner.read(Delivery(message=message, attempt=1, owner="w/1", lease_until=0))
    assert (call.time_limit, call.soft_time_limit) == (9.0, None)


def test_the_messages_limits_go_before_the_tasks(registry, delivery, clock):
    runner = Runner(registry(lambda: None, time_limit=9.0, soft_time_limit=8.0), [], clock, worker="w/1")
    call = runner.read(delivery(time_limit=2.5))
    assert (call.time_limit, call.soft_time_limit) == (2.5, 8.0)


def test_an_uncaught_soft_limit_fails_the_task(run):
    outcome = run(lambda: time.sleep(20), soft_time_limit=0.05)
    assert outcome.result["exc_type"] == "SoftTimeLimitExceeded"
    assert "0.05 s" in outcome.reason


def test_a_caught_soft_limit_lets_the_task_clean_up_and_succeed(run):
    def careful():
        try:
            time.sleep(20)
        except SoftTimeLimitExceeded:
            time.sleep(0.1)
            return "cleaned up"

    assert run(careful, soft_time_limit=0.05).result == "cleaned up"


def test_a_soft_limit_does_not_outlive_the_task(run):
    assert run(lambda: 1, soft_time_limit=0.05).result == 1
    time.sleep(0.1)


def test_an_async_task_is_cancelled_at_its_soft_limit(run):
    cleaned = []

    async def slow():
        try:
            await asyncio.sleep(20)
        finally:
            cleaned.append(True)

    assert run(slow, soft_time_limit=0.05).result["exc_type"] == "SoftTimeLimitExceeded"
    assert cleaned == [True]


async def sleep():
    await asyncio.sleep(20)


async def wait_for():
    await asyncio.wait_for(asyncio.sleep(20), 20)


async def in_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(20))
        group.create_task(asyncio.sleep(20))


async def gathered():
    await asyncio.gather(asyncio.sleep(20), asyncio.sleep(20))


async def spared():
    # It is cancelled, and ends well all the same.
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(20)


async def await_spared():
    await asyncio.create_task(spared())


async def fail_at_the_end():
    try:
        await asyncio.sleep(20)
    finally:
        raise ValueError("no stock")


async def await_failed():
    await asyncio.create_task(fail_at_the_end())


@pytest.mark.parametrize("wait", [sleep, wait_for, in_group, gathered, await_spared, await_failed])
def test_an_async_task_may_catch_its_soft_limit_and_go_on(run, wait):
    async def careful():
        try:
            await wait()
        except SoftTimeLimitExceeded as error:
            left = len(asyncio.all_tasks()) - 1
            async with asyncio.timeout(20):
                await asyncio.sleep(0.1)
            return f"{type(error).__name__}: {error}", left

    outcome = run(careful, soft_time_limit=0.05)
    assert outcome.result == ["SoftTimeLimitExceeded: soft time limit of 0.05 s exceeded", 0]


def test_an_async_task_may_be_cancelled_after_its_soft_limit(run):
    async def careful():
        with suppress(SoftTimeLimitExceeded):
            await asyncio.sleep(20)
        asyncio.current_task().cancel()
        await asyncio.sleep(20)

    assert run(careful, soft_time_limit=0.05).result["exc_type"] == "CancelledError"


def test_a_time_out_of_the_tasks_own_is_no_soft_limit(run):
    async def slow():
        async with asyncio.timeout(0.01):
            await asyncio.sleep(20)

    assert run(slow, soft_time_limit=20).result["exc_type"] == "TimeoutError"


def test_retry_raised_by_a_task_runs_it_again_later(run, clock):
    def again():
        raise Retry("later", countdown=3)

    outcome = run(again)
    assert (outcome.verdict, outcome.state) == (Verdict.RETRY, State.RETRY)
    assert outcome.retry_in == 3 * SECOND


def test_a_bound_task_knows_its_request(run):
    def look(self, a):
        request = self.request
        return [
            request.id,
            request.task,
            list(request.args),
            request.retries,
            request.delivery_info["queue"],
            request.delivery_info["redelivered"],
            request.delivery_info["priority"],
            request.entry,
            request.fire_time.isoformat(),
            request.headers["beatd_entry"],
            request.hostname,
            a,
        ]

    outcome = run(look, 7, options={"bind": True}, retries=2, attempt=3, entry="nightly", fire_time=5 * SECOND)
    moment = "1970-01-01T00:00:05+00:00"
    assert outcome.result == ["m1", "shop.add", [7], 2, "celery", False, 0, "nightly", moment, "nightly", "w/1", 7]


def test_a_bound_task_can_ask_for_another_run_with_the_error_behind_it(run, clock):
    def again(self):
        try:
            int("x")
        except ValueError as error:
            raise self.retry(exc=error, countdown=5) from error

    outcome = run(again, options={"bind": True})
    assert outcome.state is State.RETRY
    assert outcome.result["exc_type"] == "ValueError"
    assert outcome.retry_in == 5 * SECOND


def test_a_bound_task_can_name_the_moment(run, clock):
    def again(self):
        self.retry(eta=datetime(1970, 1, 1, 0, 30, tzinfo=UTC))

    assert run(again, options={"bind": True}).retry_in == 1800 * SECOND - clock.now()


def test_without_a_retry_left_the_error_itself_comes_out(run):
    def again(self):
        self.retry(exc=KeyError("sku"))

    def bare(self):
        self.retry()

    assert run(again, options={"bind": True}, retries=3).result["exc_type"] == "KeyError"
    assert run(bare, options={"bind": True}, retries=3).result["exc_type"] == MaxRetriesExceededError.__name__


def test_the_number_of_retries_can_be_overridden(run):
    def again(self):
        self.retry(max_retries=10)

    outcome = run(again, options={"bind": True}, retries=5)
    assert outcome.state is State.RETRY


def test_a_request_tells_limits_and_where_it_comes_from(run):
    def look(self):
        request = self.request
        return [*request.timelimit, request.root_id, request.parent_id]

    options = {"bind": True, "time_limit": 60.0}
    assert run(look, options=options, soft_time_limit=5, root_id="r", parent_id="p").result == [60.0, 5, "r", "p"]
    assert run(look, options={"bind": True}).result == [None, None, "m1", None]


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"args": (8,)}, "retry(args=...)"),
        ({"kwargs": {"b": 1}}, "retry(kwargs=...)"),
        ({"queue": "slow"}, "retry(queue=...)"),
        ({"priority": 9}, "retry(priority=...)"),
        ({"throw": False}, "retry(throw=...)"),
    ],
)
def test_what_a_retry_cannot_change_is_refused_and_not_ignored(run, keywords, words):
    def again(self, a):
        self.retry(**keywords)

    outcome = run(again, 7, options={"bind": True})
    assert outcome.state is State.FAILURE
    assert outcome.reason == (
        f"CallError: shop.add: {words} is not in this version: a retry is the same message again; "
        "send another with apply_async, and return"
    )


def test_a_retry_may_name_the_arguments_it_has(run):
    def again(self, a, b=0):
        self.retry(args=[7], kwargs={"b": 1}, countdown=5)

    assert run(again, 7, kwargs={"b": 1}, options={"bind": True}).state is State.RETRY


def test_a_retry_has_one_moment_with_a_zone(run):
    def both(self):
        self.retry(countdown=5, eta=datetime(2030, 1, 1, tzinfo=UTC))

    def naive(self):
        self.retry(eta=datetime(2030, 1, 1))  # noqa: DTZ001  the mistake under test

    assert "give one of them" in run(both, options={"bind": True}).reason
    assert "zone" in run(naive, options={"bind": True}).reason


def test_middleware_sees_each_stage(run):
    seen = []

    class Seen(Middleware):
        def before_run(self, delivery, started_at):
            seen.append("before")

        def on_retry(self, delivery, outcome):
            seen.append("retry")

        def on_failure(self, delivery, outcome):
            seen.append("failure")

        def after_run(self, delivery, outcome):
            seen.append(outcome.state.value)

    def again():
        raise Retry

    for function in (lambda: 1, lambda: 1 / 0, again):
        run(function, middleware=[Seen()])
    assert seen == ["before", "SUCCESS", "before", "failure", "FAILURE", "before", "retry", "RETRY"]


def test_the_end_of_a_task_that_runs_once_at_most_is_stored_over_its_beginning(run):
    outcome = run(lambda: 1, options={"acks": "early", "ignore_result": True})
    assert (outcome.state, outcome.keep, outcome.result) == (State.SUCCESS, True, None)


@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(3)])
def test_middleware_that_fails_does_not_touch_the_task(run, caplog, error):
    class Broken(Middleware):
        def before_run(self, delivery, started_at):
            raise error

    with caplog.at_level(logging.ERROR):
        assert run(lambda: 1, middleware=[Broken()]).result == 1
    assert "middleware failed" in caplog.text
