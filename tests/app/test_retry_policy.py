import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from beatd.app.app import App
from beatd.app.calls import CallOptions, waits_of
from beatd.clock import SystemClock
from beatd.errors import BrokerUnavailableError, CallError
from tests.servers.proxy import Proxy
from tests.servers.redis import PrivateRedis


def waits(**options: Any) -> list[float]:
    return list(waits_of(CallOptions(**options), SystemClock()))


def test_the_waits_are_those_that_celery_makes_of_a_policy() -> None:
    policy = {"max_retries": 4, "interval_start": 0.5, "interval_step": 1, "interval_max": 2}
    assert waits(retry_policy=policy) == [0.5, 1.5, 2, 2]
    assert waits(retry_policy={}) == pytest.approx([0, 0.2, 0.2])
    assert waits(retry=False, retry_policy=policy) == []


def test_without_a_policy_it_is_tried_for_a_second() -> None:
    begun, found = time.monotonic(), 0.0
    for wait in waits_of(CallOptions(), SystemClock()):
        found += wait
        time.sleep(wait)
    assert 0.3 < found <= 1
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            {"max_retry": 3},
            "retry_policy has 'max_retry', which it does not take; known: max_retries, interval_start, ",
        ),
        (
            {"max_retries": None},
            r"retry_policy\['max_retries'\]=None: give a whole number from 0 up, since a call has to",
        ),
        ({"max_retries": 1.5}, r"\['max_retries'\]=1.5: give a whole number"),
        ({"interval_step": -1}, r"\['interval_step'\]=-1: give seconds from 0 up"),
        ({"interval_max": float("nan")}, r"\['interval_max'\]=nan: give seconds"),
        (3, r"retry_policy=3: give a dict such as \{'max_retries': 3"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(app: App, policy: Any, words: str) -> None:
    with pytest.raises(CallError, match=words):
        app.send_task("t", retry_policy=policy)


@pytest.fixture
def proxy(redis_server: PrivateRedis) -> Iterator[Proxy]:
    made = Proxy(redis_server.port)
    yield made
    made.close()


@pytest.fixture
def far(proxy: Proxy) -> Iterator[App]:
    made = App("far", broker=f"redis://127.0.0.1:{proxy.port}/0")
    made.send_task("first")
    yield made
    made.close()


def ready(app: App) -> int:
    return app.binding.bound().broker.admin.sizes()["celery"]["ready"]


@pytest.mark.parametrize(
    ("outage", "options"),
    [(0.3, {}), (1.5, {"retry_policy": {"max_retries": 40, "interval_start": 0.1, "interval_max": 0.1}})],
)
def test_a_short_outage_is_survived(far: App, proxy: Proxy, outage: float, options: Any) -> None:
    proxy.refuse()
    threading.Timer(outage, proxy.heal).start()
    far.send_task("second", **options)
    assert ready(far) == 2


def test_a_call_whose_answer_was_lost_is_sent_once(far: App, proxy: Proxy) -> None:
    proxy.lose_reply()
    far.send_task("second")
    assert ready(far) == 2


def test_a_broker_that_stays_away_is_told_within_three_seconds_or_as_the_policy_says(far: App, proxy: Proxy) -> None:
    proxy.refuse()
    for options, most in (({}, 3.0), ({"retry": False}, 1.0), ({"retry_policy": {"max_retries": 2}}, 2.0)):
        begun = time.monotonic()
        with pytest.raises(BrokerUnavailableError, match=rf"redis://127.0.0.1:{proxy.port}/0 is not available"):
            far.send_task("second", **options)
        assert time.monotonic() - begun < most
