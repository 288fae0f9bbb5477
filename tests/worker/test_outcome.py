import pytest

from beatd.core.registry import TaskOptions
from beatd.core.states import State, Verdict
from beatd.errors import (
    CommandFailedError,
    MaxRetriesExceededError,
    NotRegisteredError,
    RequestFailedError,
    Retry,
    SoftTimeLimitExceeded,
    TaskRefusedError,
)
from beatd.worker.context import RetryAsked
from beatd.worker.outcome import Run, describe, failed, killed_at_limit, raised, started, succeeded

SECOND = 1_000_000
AUTO = {"autoretry_for": (ValueError,), "retry_backoff": 1.0, "retry_jitter": False}
NOW = 1000 * SECOND


def run(retries=0, **fields):
    return Run(worker="w/1", started_at=NOW - SECOND, finished_at=NOW, retries=retries, **fields)


TABLE = [
    ("an error", {}, ValueError("x"), 0, Verdict.DONE, State.FAILURE, None),
    ("a retry with its own wait", {}, Retry(countdown=7), 0, Verdict.RETRY, State.RETRY, 7),
    ("a retry at once", {}, Retry(countdown=0), 0, Verdict.RETRY, State.RETRY, 0),
    ("a wait below zero", {}, Retry(countdown=-3), 0, Verdict.RETRY, State.RETRY, 0),
    ("a retry by the task's back-off", {"retry_jitter": False}, Retry(), 2, Verdict.RETRY, State.RETRY, 4),
    ("no retry left", {}, Retry(), 3, Verdict.DEAD, State.FAILURE, None),
    ("no retry allowed", {"max_retries": 0}, Retry(), 0, Verdict.DEAD, State.FAILURE, None),
    ("retries without end", {"max_retries": None}, Retry(countdown=1), 999, Verdict.RETRY, State.RETRY, 1),
    ("counted by the task", {}, RetryAsked("", countdown=5, cause=None), 9, Verdict.RETRY, State.RETRY, 5),
    ("retried by itself", AUTO, ValueError("x"), 1, Verdict.RETRY, State.RETRY, 2),
    ("a subclass retried by itself", AUTO, UnicodeError("x"), 0, Verdict.RETRY, State.RETRY, 1),
    ("another error", AUTO, KeyError("x"), 0, Verdict.DONE, State.FAILURE, None),
    ("retried by itself no more", AUTO, ValueError("x"), 3, Verdict.DEAD, State.FAILURE, None),
    ("exempt", AUTO | {"dont_autoretry_for": (UnicodeError,)}, UnicodeError(), 0, Verdict.DONE, State.FAILURE, None),
    ("exit", {}, SystemExit(3), 0, Verdict.DONE, State.FAILURE, None),
    ("interrupt", {}, KeyboardInterrupt(), 0, Verdict.DONE, State.FAILURE, None),
    ("soft limit", {}, SoftTimeLimitExceeded("x"), 0, Verdict.DONE, State.FAILURE, None),
    ("retries used in the task", {}, MaxRetriesExceededError("x"), 3, Verdict.DONE, State.FAILURE, None),
    ("at most once", AUTO | {"acks": "early"}, ValueError("x"), 0, Verdict.DONE, State.FAILURE, None),
    ("at most once, asked for", {"acks": "early"}, Retry(), 0, Verdict.DONE, State.FAILURE, None),
]


@pytest.mark.parametrize(
    ("options", "error", "retries", "verdict", "state", "wait"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_what_becomes_of_a_run_that_raised(options, error, retries, verdict, state, wait):
    outcome = raised(run(retries), TaskOptions(**options), error)
    assert (outcome.verdict, outcome.state) == (verdict, state)
    assert outcome.retry_in == (None if wait is None else wait * SECOND)
    assert outcome.worker == "w/1"
    assert outcome.finished_at == NOW


def test_the_reason_says_that_all_retries_are_used():
    outcome = raised(run(3), TaskOptions(**AUTO), ValueError("no stock"))
    assert outcome.reason == "all 3 retries used: ValueError: no stock"


def test_the_only_retry_is_no_plural():
    outcome = raised(run(1), TaskOptions(**{**AUTO, "max_retries": 1}), ValueError("no stock"))
    assert outcome.reason == "its only retry is used: ValueError: no stock"


def test_a_retry_asked_for_nothing_shows_the_name_that_users_know():
    with pytest.raises(Retry) as caught:
        raise RetryAsked("", countdown=1, cause=None)
    outcome = raised(run(), TaskOptions(), caught.value)
    assert (outcome.result["exc_type"], outcome.result["exc_module"]) == ("Retry", "beatd.errors")
    assert outcome.traceback.endswith("\nbeatd.errors.Retry: retry\n")


def test_a_retry_asked_for_an_error_shows_the_error():
    cause = KeyError("sku")
    outcome = raised(run(), TaskOptions(), RetryAsked("KeyError: 'sku'", countdown=1, cause=cause))
    assert outcome.result["exc_type"] == "KeyError"
    assert outcome.reason == "KeyError: 'sku'"


def test_a_success_holds_its_result_and_one_that_is_not_kept_does_not():
    assert succeeded(run(), [1]).result == [1]
    outcome = succeeded(run(keep=False), [1])
    assert (outcome.result, outcome.keep, outcome.state) == (None, False, State.SUCCESS)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no stock"), ["no stock"]),
        (ValueError("no stock", 3), ["no stock", 3]),
        (ValueError(), []),
        (KeyError("sku"), ["sku"]),
        (FileNotFoundError(2, "No such file", "a.txt"), ["[Errno 2] No such file: 'a.txt'"]),
        (NotRegisteredError("x", "hint"), ["no task named 'x' is registered; hint"]),
        (ValueError(b"raw"), ["b'raw'"]),
    ],
)
def test_a_failure_is_described_as_celery_does(error, message):
    kind = type(error)
    assert describe(error) == {"exc_type": kind.__name__, "exc_message": message, "exc_module": kind.__module__}


def test_an_error_whose_text_cannot_be_read_is_described_all_the_same():
    class RudeError(Exception):
        def __str__(self):
            raise RuntimeError("no")

    assert describe(RudeError())["exc_message"] == ["(its text cannot be read)"]
    assert failed(run(), RudeError()).reason.startswith("Rude")


def test_a_reason_is_bounded_and_a_traceback_is_kept():
    try:
        {}["x" * 10_000_000]
    except KeyError as error:
        outcome = failed(run(), error)
    assert len(outcome.reason) == 500
    assert len(outcome.result["exc_message"][0]) == 10_000
    assert len(outcome.traceback) == 50_000
    assert "Traceback" in outcome.traceback


@pytest.mark.parametrize("kind", [TaskRefusedError, CommandFailedError, RequestFailedError])
def test_an_error_of_our_own_tasks_has_no_traceback(kind):
    with pytest.raises(kind) as caught:
        raise kind("no")
    outcome = failed(run(), caught.value)
    assert (outcome.traceback, outcome.reason) == (None, f"{kind.__name__}: no")


def test_a_task_killed_at_its_limit_has_failed():
    outcome = killed_at_limit(run(), "shop.report", 0.5)
    assert (outcome.verdict, outcome.state) == (Verdict.DONE, State.FAILURE)
    assert outcome.result["exc_type"] == "TimeLimitExceeded"
    assert "0.5 s" in outcome.reason


def test_what_is_settled_before_a_run_is_not_final():
    assert started(run()).state is State.STARTED
