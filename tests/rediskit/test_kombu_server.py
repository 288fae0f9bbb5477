"""kombu's layout: answers that are lost, the options of the URL, and what is asked of a server."""

import pytest
from kombu import Connection, Queue

from beatd.brokers.redis import RedisLimits, RedisSender
from beatd.clock import SystemClock
from beatd.core.entry import Draft, Entry
from beatd.core.message import Message
from beatd.core.record import Emission, Item, Record
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import StoreError
from beatd.rediskit.kombu import kombu_layout
from beatd.rediskit.server import Server
from beatd.stores.redis import RedisDefinitions, RedisRecords
from tests.rediskit.kombuside import DAY, SEP, Side, envelope, publish
from tests.servers.port import free_port


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


def test_a_namespace_with_messages_in_another_layout_is_refused_and_one_without_is_taken_over(redis_server) -> None:
    own = redis_server.open()
    RedisDefinitions(own, own.clock).install()
    sent = Message(id="m", task="t", queue="celery", headers={}, body=b"[[],{},{}]")
    RedisSender(own, own.clock).send(sent)
    with pytest.raises(StoreError, match=r"'tests' has 1 messages in the layout of redis://, which this one cannot"):
        Side(redis_server.url).take()
    RedisLimits(own, own.clock).revoke("m")
    side = Side(redis_server.url)
    side.push(envelope())
    assert side.ids() == ["m"]
    with pytest.raises(StoreError, match=r"'tests' has 1 messages in the layout of celery\+redis://"):
        redis_server.open().run("look", 0, ["celery"])


def test_a_cluster_is_refused(start_redis) -> None:
    # Without it the port of its bus would be its own plus 10 000, which there may not be.
    server = start_redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with pytest.raises(StoreError, match="is a Redis Cluster, which kombu cannot use; name a server that is not"):
        Side(server.url).take()
