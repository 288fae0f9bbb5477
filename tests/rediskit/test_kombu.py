"""kombu's layout, judged by kombu itself: what it reads of ours, and what we read of its."""

import json
from collections.abc import Iterator

import pytest
from kombu import Connection, Producer, Queue

from beatd.brokers.redis import RedisQueueAdmin, RedisReceiver, RedisSender
from beatd.clock import SystemClock
from beatd.core.entry import Draft, Entry
from beatd.core.message import Message
from beatd.core.record import Emission, Item, Record
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import StoreError
from beatd.rediskit.kombu import kombu_layout
from beatd.rediskit.server import Server
from beatd.results.celery import CeleryOutcomes
from beatd.schedules.moments import from_us
from beatd.stores.redis import RedisDefinitions, RedisRecords
from tests.servers.port import free_port

SECOND = 1_000_000
DAY = 86_400 * SECOND
SEP = "\x06\x16"


class Side:
    """beatd's side of a server: ``options`` are the URL's."""

    def __init__(self, url: str, options: str = "") -> None:
        full = f"celery+{url}{options}"
        self.server = Server(full, "tests", SystemClock(), layout=kombu_layout(full, DAY))
        self.clock = self.server.clock
        self.sender = RedisSender(self.server, self.clock)
        self.receiver = RedisReceiver(self.server, self.clock)
        self.admin = RedisQueueAdmin(self.server, self.clock)
        self.outcomes = CeleryOutcomes(self.server, self.server.layout.results)

    def send(self, name: str, **fields: object) -> None:
        given = {"task": "t", "queue": "celery", "headers": {}, "body": b"[[],{},{}]"}
        self.sender.send(Message(**{"id": name, **given, **fields}))  # type: ignore[arg-type]

    def take(self, limit: int = 10, *queues: str):
        return self.receiver.claim(queues or ["celery"], owner="w", limit=limit, lease=30 * SECOND)

    def ids(self, limit: int = 10, *queues: str) -> list[str]:
        return [delivery.message.id for delivery in self.take(limit, *queues)]

    def push(self, *envelopes: object, queue: str = "celery") -> None:
        """Push as any client may."""
        texts = [each if isinstance(each, str | bytes) else json.dumps(each) for each in envelopes]
        self.server.command("LPUSH", queue, *texts)

    def listed(self, name: str = "celery") -> list[bytes]:
        """Return what lies in a list, the next one first."""
        return self.server.command("LRANGE", name, 0, -1)[::-1]


@pytest.fixture
def side(redis_server) -> Side:
    return Side(redis_server.url)


@pytest.fixture
def kombu(redis_server) -> Iterator[Connection]:
    with Connection(redis_server.url) as connection:
        yield connection


def envelope(name: str = "m", **headers: object) -> dict:
    return {
        "body": "W1tdLHt9LHt9XQ==",
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"id": name, "task": "t", **headers},
        "properties": {"body_encoding": "base64", "priority": 0, "delivery_tag": "x"},
    }


def publish(kombu: Connection, name: str, **fields: object) -> None:
    headers = {"id": name, "task": "t", **fields.pop("headers", {})}
    Producer(kombu.default_channel).publish(
        [[1], {}, {}], routing_key="celery", exchange="", headers=headers, serializer="json", **fields
    )


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


# ---------------------------------------------------------------- what cannot be read


def _without(*path: str) -> dict:
    made = envelope()
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return made


def _with(value: object, *path: str) -> dict:
    made = envelope()
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return made


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("nonsense", "the envelope is no JSON: "),
        (b"\xff\xfe", "the envelope is no JSON: "),
        ("[" * 5000, "the envelope is no JSON: "),
        ("[1]", "the envelope is no JSON object"),
        ("{}", "the envelope has no headers or no properties"),
        (_with(None, "headers"), "the envelope has no headers or no properties"),
        (_with([], "properties"), "the envelope has no headers or no properties"),
        (_without("headers", "task"), "has no header 'task'; Celery's task protocol 2 is needed (task_protocol = 2"),
        (_without("headers", "id"), "the envelope has no header 'id'"),
        (_with(7, "headers", "id"), "the envelope's header 'id' is no text"),
        (_with("", "headers", "id"), "the envelope's header 'id' is no text"),
        (_with("soon", "headers", "eta"), "the envelope's header 'eta' is 'soon', which is no ISO 8601 moment"),
        (_with("2999-13-01T00:00:00", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("2999-02-29T00:00:00", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("2999-12-31T24:00:00", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("2999-12-31T23:59:60", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("20261121T100000Z", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with(1e300, "headers", "expires"), "the envelope's header 'expires' is 1e+300"),
        (_without("body"), "the body is NoneType in the encoding 'base64'"),
        (_with("%%", "body"), "the body is no base64: "),
        (_with("rot13", "properties", "body_encoding"), "in the encoding 'rot13'; base64 is needed"),
        (_with("application/x-gzip", "headers", "compression"), "the body is compressed ('application/x-gzip')"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_and_the_next_one_is_taken(side, caplog, bad, says) -> None:
    side.push(bad, envelope("good"))
    assert side.ids() == ["good"]
    assert says in caplog.records[0].reason
    assert side.admin.sizes()["celery"] == {"ready": 0, "delayed": 0, "claimed": 1, "dead": 1}
    (name,) = side.server.command("ZRANGE", f"{side.server.prefix}dead:celery", 0, -1)
    assert says in side.outcomes.get(name.decode()).reason


def test_what_is_odd_but_can_be_read_is_taken(side) -> None:
    plain = _with(None, "properties", "body_encoding")
    plain["body"] = "[[1],{},{}]"
    del plain["content-type"]
    plain["properties"]["priority"] = "high"
    plain["more"] = {"nobody": "knows"}
    side.push(plain)
    (delivery,) = side.take()
    message = delivery.message
    assert (message.body, message.content_type, message.priority) == (b"[[1],{},{}]", "application/json", None)


def test_a_list_that_is_none_is_found_before_a_step_or_a_claim_writes(side) -> None:
    for spoilt in ("celery", f"celery{SEP}6", "_kombu.binding.celery", "_kombu.binding_permanent.celery"):
        side.server.command("SET", spoilt, "x")
        with pytest.raises(StoreError, match="or one of kombu's, holds what beatd did not put there"):
            side.send("m")
        with pytest.raises(StoreError, match="or one of kombu's, holds what beatd did not put there"):
            side.take()
        assert side.server.command("DBSIZE") == 1
        side.server.command("DEL", spoilt)


# ---------------------------------------------------------------- the server acted, and its answer was lost


@pytest.fixture
def unlucky(proxy) -> Side:
    made = Side(f"redis://127.0.0.1:{proxy.port}")
    made.send("first")
    (delivery,) = made.take()  # the scripts are loaded now
    assert made.receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=0))
    return made


def test_what_was_sent_twice_is_there_once(side, unlucky, proxy) -> None:
    proxy.lose_reply()
    unlucky.send("m")
    side.send("m")
    assert len(side.listed()) == 1


def test_a_claim_whose_answer_was_lost_gives_out_what_it_took(side, unlucky, proxy) -> None:
    side.push(envelope("one"), envelope("two"))
    proxy.lose_reply()
    assert unlucky.ids(limit=1) == ["one"]
    assert unlucky.ids(limit=1) == ["two"]


def test_a_settlement_whose_answer_was_lost_sends_its_follow_ups_once(side, unlucky, proxy) -> None:
    side.push(envelope())
    (delivery,) = unlucky.take()
    proxy.lose_reply()
    outcome = Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=1, finished_at=3, worker="w")
    follow_up = Message(id="next", task="t", queue="celery", headers={}, body=b"[[],{},{}]")
    assert unlucky.receiver.settle(delivery, outcome, [follow_up])
    assert side.ids() == ["next"]


def test_a_step_whose_answer_was_lost_emits_once(side, unlucky, proxy) -> None:
    entry = Entry(name="a", task="t", schedule="every 1m")
    RedisDefinitions(side.server, side.clock).apply([Draft(name="a", place="x", entry=entry)], holder="h")
    records = RedisRecords(unlucky.server, unlucky.clock)
    first, second = (Record(seq=seq, generation=1, version=1, fingerprint=5, since=0, cursor=seq) for seq in (1, 2))
    assert records.step([Item(name="a", expected=None, record=first)])[0].stored
    proxy.lose_reply()
    sent = Message(id="fire", task="t", queue="celery", headers={}, body=b"[[],{},{}]", entry="a", fire_time=7)
    (answer,) = records.step([Item(name="a", expected=1, record=second, emissions=(Emission(7, sent),))])
    assert (answer.stored, answer.record) == (False, second)
    assert len(side.listed()) == 1


# ---------------------------------------------------------------- the URL, and the server


def test_the_options_of_celerys_transport_are_the_urls(redis_server) -> None:
    options = "?global_keyprefix=proj:&priority_steps=0,5&result_keyprefix=res_"
    side = Side(redis_server.url, options)
    transport = {"global_keyprefix": "proj:", "priority_steps": [0, 5]}
    with Connection(redis_server.url, transport_options=transport) as kombu:
        side.send("m", priority=2)
        assert side.listed(f"proj:celery{SEP}5")
        message = Queue("celery", channel=kombu.default_channel).get()
        assert message.headers["id"] == "m"
        message.ack()
        publish(kombu, "n", priority=9)
    (delivery,) = side.take()
    side.receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=1))
    found = {key.decode() for key in side.server.command("KEYS", "*") if not key.startswith(b"{beatd:tests}:")}
    bound = {"proj:_kombu.binding.celery", "proj:_kombu.binding_permanent.celery"}
    assert found == {*bound, "res_celery-task-meta-n"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            "?visibility_timeout=9",
            "unknown option 'visibility_timeout'; the known ones: global_keyprefix, priority_ste",
        ),
        ("?priority_steps=3,6", "priority_steps='3,6'; write what Celery's priority_steps says, rising from 0 to 9"),
        ("?priority_steps=0,12", "priority_steps='0,12'"),
        ("?priority_steps=0,6,3", "priority_steps='0,6,3'"),
        ("?priority_steps=", "priority_steps=''"),
        ("?priority_steps=low", "priority_steps='low'"),
        ("?priority_steps=0,%20 3", "priority_steps='0,  3'"),
    ],
)
def test_a_wrong_option_is_named_and_the_password_is_not(options, says) -> None:
    url = f"celery+redis://:p4ss@h/0{options}"
    with pytest.raises(StoreError) as raised:
        Server(url, "tests", SystemClock(), layout=kombu_layout(url, DAY))
    assert says in str(raised.value)
    assert "p4ss" not in str(raised.value)


def test_the_rights_that_are_asked_for_are_enough(redis_server) -> None:
    root = redis_server.open()
    url = redis_server.url.replace("//", "//ana:s3cret@")
    root.command("ACL", "SETUSER", "ana", "on", ">s3cret", "~{beatd:tests}:*", "+@all")
    with pytest.raises(StoreError, match=r"beatd needs `ACL SETUSER") as raised:
        Side(url).send("m")
    rights = str(raised.value).partition("<user> ")[2].rstrip("`").split(" ")
    root.command("ACL", "SETUSER", "ana", "reset", "on", ">s3cret", *rights)
    side = Side(url)
    side.send("m")
    (delivery,) = side.take()
    assert side.receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=1))
    assert (side.receiver.reap(), side.admin.sizes(), side.outcomes.get("absent")) == (0, {}, None)


def test_a_cluster_is_refused(start_redis) -> None:
    # Without it the port of its bus would be its own plus 10 000, which there may not be.
    server = start_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with pytest.raises(StoreError, match="is a Redis Cluster, which kombu cannot use; name a server that is not"):
        Side(server.url).take()
