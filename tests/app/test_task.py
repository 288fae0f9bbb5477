from typing import Any

import pytest

from beatd.app.app import App
from beatd.app.task import Task
from beatd.core.message import Delivery
from beatd.core.protocol import decode_body
from beatd.errors import CallError, NotSerializableError


@pytest.fixture
def add(app: App) -> Task[..., Any]:
    @app.task(name="add", queue="mail", priority=3)
    def function(x: int, y: int = 1) -> int:
        return x + y

    return function


def claimed(app: App) -> list[Delivery]:
    return app.binding.bound().broker.receiver.claim(["celery", "mail"], owner="me", limit=9, lease=60_000_000)


def test_delay_sends_the_call(app: App, add: Task[..., Any]) -> None:
    result = add.delay(2, y=3)
    [delivery] = claimed(app)
    message = delivery.message
    assert (message.id, message.task, message.queue, message.priority) == (result.id, "add", "mail", 3)
    assert decode_body(message)[:2] == ([2], {"y": 3})


def test_apply_async_sends_the_call_with_its_options(app: App, add: Task[..., Any]) -> None:
    add.apply_async((2,), {"y": 3}, queue="celery", headers={"tenant": "acme"}, task_id="mine", retry=False)
    [delivery] = claimed(app)
    assert (delivery.message.id, delivery.message.queue) == ("mine", "celery")
    assert delivery.message.headers["tenant"] == "acme"


def test_a_delayed_call_is_not_due_yet(app: App, add: Task[..., Any]) -> None:
    add.apply_async((2,), countdown=60)
    assert claimed(app) == []
    assert app.binding.bound().broker.admin.sizes()["mail"]["delayed"] == 1


def test_an_unknown_option_is_refused_with_the_nearest(app: App, add: Task[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"add.apply_async\(\) got an unexpected keyword argument 'countdwn'; did you"):
        add.apply_async((2,), countdwn=3)  # type: ignore[call-arg]  # the mistake under test
    with pytest.raises(TypeError, match=r"send_task\(\) got an unexpected keyword argument 'link'; known: countdown"):
        app.send_task("t", link=None)  # type: ignore[call-arg]  # the mistake under test


def test_an_argument_is_named_by_its_parameter(app: App, add: Task[..., Any]) -> None:
    with pytest.raises(NotSerializableError, match=r"argument 2 \('y'\) is a set"):
        add.delay(1, {2})
    assert claimed(app) == []


def test_a_signature_is_sent_with_more_arguments(app: App, add: Task[..., Any]) -> None:
    call = add.s(2, y=5)
    assert call() == 7
    call.delay()
    call.delay(1, y=6)
    assert [decode_body(delivery.message)[:2] for delivery in claimed(app)] == [
        ([2], {"y": 5}),
        ([1, 2], {"y": 6}),
    ]


def test_a_task_sent_by_name_has_the_options_it_declares(app: App, add: Task[..., Any]) -> None:
    app.send_task("add", [1])
    app.send_task("elsewhere.task", [1])
    assert sorted((each.message.task, each.message.queue) for each in claimed(app)) == [
        ("add", "mail"),
        ("elsewhere.task", "celery"),
    ]


def test_an_argument_over_the_limit_is_told_with_size_and_limit(add: Task[..., Any]) -> None:
    with pytest.raises(NotSerializableError, match=r"has \d+ bytes, the limit is 16777216; pass a reference"):
        add.delay("x" * 17_000_000)


def test_a_timeout_is_a_number(add: Task[..., Any]) -> None:
    timeout: Any = "1"
    with pytest.raises(CallError, match="timeout='1': give seconds"):
        add.delay(1).get(timeout=timeout)


def test_a_unique_call_is_sent_once_and_both_callers_have_its_result(app: App) -> None:
    @app.task(name="sync", unique_for="1h")
    def sync(shop: str, *, full: bool = False) -> None: ...

    first, second = sync.delay("a", full=True), sync.apply_async(["a"], {"full": True})
    assert first == second
    others = [sync.delay("b"), sync.delay("a"), sync.apply_async(["a"], unique_key="a"), sync.delay("a", full=False)]
    assert len({first.id, *(each.id for each in others)}) == 5
    assert sync.apply_async(["other"], unique_key="a") == others[2]
    assert sync.apply_async(["a"], unique_for=0) != others[1]
    assert len(claimed(app)) == 6


def test_any_call_may_be_unique(app: App, add: Task[..., Any]) -> None:
    assert add.apply_async((2,), unique_for=60) == add.apply_async((2,), unique_for="1m")
    assert app.send_task("elsewhere", [1], unique_for=60) == app.send_task("elsewhere", [1], unique_for=60)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"unique_for": "soon"}, r"unique_for: 'soon' is not a duration"),
        ({"unique_for": -1}, r"unique_for: -1 is not a duration"),
        ({"unique_key": "a"}, r"unique_key='a' without unique_for: say for how long"),
        ({"unique_for": 1, "unique_key": 5}, r"unique_key=5: give text"),
        ({"unique_for": 1, "unique_key": ""}, r"unique_key='': give text"),
    ],
)
def test_what_cannot_make_a_call_unique_is_told(add: Task[..., Any], options: dict[str, Any], told: str) -> None:
    with pytest.raises(CallError, match=told):
        add.apply_async((2,), **options)
