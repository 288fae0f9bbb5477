from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from beatd.app.calls import Call, CallOptions, message_of
from beatd.app.keywords import CallKeywords
from beatd.core.message import Message
from beatd.core.registry import TaskOptions
from beatd.errors import CallError, NotSerializableError

NOW = 1_798_135_200_000_000
SECOND = 1_000_000


def sent(call: Call | None = None, own: TaskOptions | None = None, **options: Any) -> Message:
    call = call or Call(task="shop.report", args=(1,), kwargs={})
    return message_of(call, CallOptions(**options), own or TaskOptions(), queue="celery", now=NOW)


def test_a_plain_call_is_due_at_once_in_the_default_queue() -> None:
    message = sent()
    assert (message.task, message.queue, message.due, message.expires, message.priority) == (
        "shop.report",
        "celery",
        0,
        None,
        None,
    )
    assert message.headers["origin"].startswith("gen")
    assert sent().id != message.id


def test_the_typed_keywords_are_those_of_the_options() -> None:
    assert {*CallKeywords.__annotations__} == {*CallOptions.__struct_fields__}


@pytest.mark.parametrize("countdown", [90, 90.0, timedelta(minutes=1, seconds=30)])
def test_a_countdown_counts_from_now(countdown: Any) -> None:
    assert sent(countdown=countdown).due == NOW + 90 * SECOND


def test_an_eta_is_a_moment_in_any_zone() -> None:
    eta = datetime(2026, 12, 24, 20, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    assert sent(eta=eta).due == NOW + SECOND


@pytest.mark.parametrize(
    "expires", [60, timedelta(minutes=1), datetime(2026, 12, 24, 18, 1, tzinfo=UTC)], ids=["s", "delta", "moment"]
)
def test_expiry_is_a_duration_or_a_moment(expires: Any) -> None:
    assert sent(expires=expires).expires == NOW + 60 * SECOND


def test_the_options_of_the_call_go_before_those_of_the_task() -> None:
    own = TaskOptions(queue="own", priority=3, expires=5, time_limit=50, soft_time_limit=40, ignore_result=True)
    message = sent(own=own)
    assert (message.queue, message.priority, message.expires) == ("own", 3, NOW + 5 * SECOND)
    assert (message.headers["timelimit"], message.headers["ignore_result"]) == ([50, 40], True)
    message = sent(
        own=own, queue="q", priority=0, expires=6, time_limit=5, soft_time_limit=4, ignore_result=False, task_id="x"
    )
    assert (message.id, message.queue, message.priority, message.expires) == ("x", "q", 0, NOW + 6 * SECOND)
    assert (message.headers["timelimit"], message.headers["ignore_result"]) == ([5, 4], False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"eta": datetime(2026, 1, 1)}, "has no time zone; give datetime"),  # noqa: DTZ001  the mistake under test
        ({"expires": datetime(2026, 1, 1)}, "has no time zone; give datetime"),  # noqa: DTZ001  the mistake under test
        ({"eta": "2026-01-01"}, "eta='2026-01-01': give an aware datetime"),
        ({"eta": datetime(2026, 1, 1, tzinfo=UTC), "countdown": 3}, "countdown=3 and eta=.*: give one of them"),
        ({"countdown": -1}, "countdown=-1: give seconds from 0 up"),
        ({"countdown": "5m"}, "countdown='5m': give seconds"),
        ({"countdown": True}, "countdown=True: give seconds"),
        ({"countdown": float("nan")}, "countdown=nan: give seconds"),
        ({"expires": float("inf")}, "expires=inf: give seconds"),
        ({"priority": 10}, "priority=10: give 0 to 9, higher is sooner"),
        ({"priority": "high"}, "priority='high': give 0 to 9"),
        ({"queue": "q" * 201}, "queue: must be a name of 1 to 200 printable characters, got 'qqq"),
        ({"task_id": ""}, "task_id='': give text"),
        ({"task_id": 7}, "task_id=7: give text"),
        ({"time_limit": 0}, "time_limit=0: give seconds above 0"),
        ({"headers": {"id": "x"}}, "headers={'id': …}: the message sets that header itself"),
    ],
)
def test_an_option_that_cannot_be_used_says_why(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CallError, match=words):
        sent(**options)


def test_an_unknown_serializer_is_refused_with_those_there_are() -> None:
    known = r"there is no serializer 'ymal'; known: json, msgpack, pickle, yaml; register_serializer adds others"
    with pytest.raises(NotSerializableError, match=known):
        sent(serializer="ymal")


def test_the_serializer_is_the_calls_the_tasks_or_the_apps() -> None:
    own = TaskOptions(serializer="msgpack")
    assert sent().content_type == "application/json"
    assert sent(own=own).content_type == "application/x-msgpack"
    assert sent(own=own, serializer="yaml").content_type == "application/x-yaml"
    call = Call(task="t", args=(), kwargs={})
    message = message_of(call, CallOptions(), TaskOptions(), queue="celery", now=NOW, serializer="pickle")
    assert (message.content_type, message.content_encoding) == ("application/x-python-serialize", "binary")


def test_one_argument_without_its_comma_is_refused() -> None:
    with pytest.raises(CallError, match="args of t must be a list or tuple, not 'x'; one argument is"):
        sent(Call(task="t", args="x", kwargs={}))


def test_an_argument_that_json_cannot_carry_is_named() -> None:
    with pytest.raises(NotSerializableError, match=r"argument 1 \('when'\) is a set"):
        sent(Call(task="t", args=({1},), kwargs={}, names=("when",)))


@pytest.mark.parametrize("options", [{"queue": ""}, {"queue": 5}, {"priority": True}, {"retry": "yes"}])
def test_an_option_of_the_wrong_kind_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(CallError, match=next(iter(options))):
        sent(**options)


def test_a_number_too_long_to_write_is_refused_with_its_path() -> None:
    with pytest.raises(NotSerializableError, match=r"argument 1\['n'\] is a number of more than 4000 digits.*hex"):
        sent(Call(task="x", args=({"n": 10**5000},), kwargs={}))
