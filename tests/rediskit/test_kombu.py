"""kombu's layout, judged by kombu itself: what it reads of ours, and what we read of its."""

import json

import pytest
from kombu import Queue

from beatd.core.states import Outcome, State, Verdict
from beatd.schedules.moments import from_us
from tests.rediskit.kombuside import DAY, SECOND, SEP, envelope, publish


def test_kombu_reads_what_beatd_sends(side, kombu) -> None:
    side.send("m", headers={"x": "ä"}, body=b'[[1],{"k":null},{}]', expires=7 * SECOND, due=5 * SECOND)
    message = Queue("celery", channel=kombu.default_channel).get()
    assert message.payload == [[1], {"k": None}, {}]
    moments = {"eta": "1970-01-01T00:00:05+00:00", "expires": "1970-01-01T00:00:07+00:00"}
    assert message.headers == {"id": "m", "task": "t", "x": "ä", **moments}
    assert message.properties["correlation_id"] == "m"
    assert message.delivery_info == {"exchange": "", "routing_key": "celery"}
    message.ack()


@pytest.mark.parametrize("priority", [None, *range(10)])
def test_a_priority_is_the_list_that_kombu_puts_its_level_into(side, kombu, priority) -> None:
    side.send("m", priority=priority)
    level = 0 if priority is None else 9 - priority
    (text,) = side.listed(kombu.default_channel._q_for_pri("celery", level))
    assert json.loads(text)["properties"]["priority"] == level


def test_what_kombu_sends_is_taken_in_its_order(side, kombu) -> None:
    for level in (9, 3, 0, 6, 4):
        publish(kombu, str(level), priority=level)
    publish(kombu, "unset")
    taken = side.take()
    assert [delivery.message.id for delivery in taken] == ["0", "unset", "3", "4", "6", "9"]
    assert [delivery.message.priority for delivery in taken] == [None, None, 6, 5, 3, 0]
    assert taken[0].message.body == b"[[1], {}, {}]"


def test_a_queue_is_bound_as_kombu_binds_it(side, kombu) -> None:
    side.send("m", queue="mail")
    channel = kombu.default_channel
    ours = {key: side.server.command("SMEMBERS", key % "mail") for key in BINDINGS}
    side.server.command("DEL", *(key % "mail" for key in BINDINGS))
    Queue("mail", exchange="mail", routing_key="mail", channel=channel).declare()
    channel.queue_bind("mail", "mail", "mail")
    assert {key: side.server.command("SMEMBERS", key % "mail") for key in BINDINGS} == ours


BINDINGS = ("_kombu.binding.%s", "_kombu.binding_permanent.%s")


def test_what_is_given_back_is_the_text_that_came_in_its_order(side, kombu) -> None:
    for number in range(4):
        publish(kombu, f"m{number}", priority=3 * (number % 2))
    lists = ("celery", f"celery{SEP}3")
    before = [side.listed(name) for name in lists]
    assert len(side.take()) == 4
    assert [side.listed(name) for name in lists] == [[], []]
    side.receiver.release("w", penalty=True)
    assert [side.listed(name) for name in lists] == before
    assert Queue("celery", channel=kombu.default_channel).get().headers["id"] == "m0"


def test_attempts_are_counted_over_what_lay_in_the_list_meanwhile(side) -> None:
    side.push(envelope())
    for attempt in range(1, 6):
        assert [delivery.attempt for delivery in side.take()] == [attempt]
        side.receiver.release("w", penalty=True)
    assert side.take() == []
    stored = side.outcomes.get("m")
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "WorkerLostError")
    assert side.admin.sizes()["celery"]["dead"] == 1


def test_attempts_at_what_another_program_then_ran_are_forgotten_after_a_day(side) -> None:
    prefix = side.server.prefix
    for name in ("m0", "m1"):
        side.push(envelope(name))
        assert side.ids() == [name]
        side.receiver.release("w", penalty=True)
        side.server.command("DEL", "celery")  # a worker of Celery's took it
        if name == "m0":
            side.server.command("ZADD", f"{prefix}returned", 1, "m0")
    assert side.server.command("HKEYS", f"{prefix}taken") == [b"m1"]
    assert side.server.command("ZRANGE", f"{prefix}returned", 0, -1) == [b"m1"]


@pytest.mark.parametrize(
    "told",
    [
        "2999-12-31T23:59:59+00:00",
        "2096-02-29T12:34:56.5Z",
        "2100-03-01 00:00:00.000001",
        "2100-02-28T23:59:59.999999-11:30",
        "2400-02-29T00:00:00+0530",
    ],
)
def test_the_script_reads_a_moment_as_python_does(side, told) -> None:
    side.push(envelope(eta=told), envelope("n"))
    assert side.ids() == ["n"]
    waiting = side.server.command("HGET", f"{side.server.prefix}messages", "m")
    score = int(float(side.server.command("ZSCORE", f"{side.server.prefix}delayed:celery", "m")))
    assert score == side.server.layout.message_of(waiting).due


def test_what_is_for_later_is_held_on_the_server_and_lost_by_nobody(side) -> None:
    now = side.clock.now()
    side.push(*(envelope(f"later{number:02}", eta=from_us(now + SECOND // 2).isoformat()) for number in range(30)))
    side.push(envelope("now"))
    assert side.ids(limit=1) == ["now"]
    assert side.admin.sizes()["celery"] == {"ready": 0, "delayed": 30, "claimed": 1, "dead": 0}
    assert side.receiver.wait(["celery"], 20 * SECOND)
    assert side.ids(limit=50) == [f"later{number:02}" for number in range(30)]


def test_an_id_that_comes_again_while_it_is_in_hand_is_left_out(side, caplog) -> None:
    side.push(envelope(), envelope("soon", eta=from_us(side.clock.now() + DAY).isoformat()))
    (delivery,) = side.take()
    side.push(envelope(), envelope("soon"), envelope("other"))
    assert side.ids() == ["other"]
    assert [record.reason for record in caplog.records] == ["repeated while the same id is in hand"] * 2
    assert side.receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=1))
    side.push(envelope())
    assert side.ids() == ["m"]  # what has ended may be sent anew


def test_a_dead_letter_that_is_sent_anew_begins_anew(side) -> None:
    side.push(envelope())
    (delivery,) = side.take()
    side.receiver.settle(delivery, Outcome(verdict=Verdict.DEAD, state=State.FAILURE, reason="no such task"))
    side.push(envelope())
    assert [delivery.attempt for delivery in side.take()] == [1]
    assert side.admin.sizes()["celery"] == {"ready": 0, "delayed": 0, "claimed": 1, "dead": 0}


def test_a_queue_that_is_never_empty_is_not_the_only_one(side) -> None:
    for queue in ("busy", "quiet"):
        side.push(*(envelope(f"{queue}{number}") for number in range(8)), queue=queue)
    first = side.ids(4, "busy", "quiet") + side.ids(4, "busy", "quiet")
    assert {name.rstrip("01234567") for name in first} == {"busy", "quiet"}


def test_a_retry_that_is_due_is_in_the_list_and_reads_so(side) -> None:
    side.push(envelope(retries=1))
    (delivery,) = side.take()
    side.receiver.settle(delivery, Outcome(verdict=Verdict.RETRY, state=State.RETRY))
    (text,) = side.listed()
    assert json.loads(text)["headers"]["retries"] == 2
