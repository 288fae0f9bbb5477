"""What the scripts promise beyond the conformance suite: nothing is written by halves, and a repeat does no harm."""

import threading

import pytest

from beatd.brokers.redis import RedisReceiver, RedisSender
from beatd.clock import SystemClock
from beatd.core.entry import Draft, Entry
from beatd.core.message import Message
from beatd.core.record import Disposition, Emission, Item, Reason, Record
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.rediskit.server import Server
from beatd.results.redis import RedisOutcomes
from beatd.stores.redis import RedisDefinitions, RedisLeases, RedisRecords
from tests.rediskit.conftest import everything

SECOND = 1_000_000
PREFIX = "{beatd:tests}:"


def _message(name="m", **fields):
    given = {"task": "shop.add", "queue": "celery", "headers": {}, "body": b"[[],{},{}]", "entry": "a", "fire_time": 7}
    return Message(**{"id": name, **given, **fields})


def _record(seq, version=1):
    return Record(seq=seq, generation=1, version=version, fingerprint=5, since=0, cursor=seq)


def _item(expected, seq, *sent, **fields):
    emissions = tuple(Emission(7, message) for message in sent)
    return Item(name="a", expected=expected, record=_record(seq), emissions=emissions, **fields)


WRITTEN_BY_A_STEP = [
    "records",
    "messages",
    "taken",
    "results",
    "seq",
    "queues",
    "ready:celery",
    "delayed:celery",
    "wake:celery",
    "tombstones",
    "fires",
    "fires:all",
    "fires:of:a",
    "open",
    "fire_seq",
    "noticed",
]


@pytest.mark.parametrize("spoilt", WRITTEN_BY_A_STEP)
def test_a_key_of_another_type_is_found_before_a_step_writes_anything(server, spoilt):
    server.command("GEOADD" if spoilt in ("seq", "fire_seq") else "SET", PREFIX + spoilt, *_VALUE[spoilt in _NUMBERS])
    before = everything(server)
    ranges = (Disposition("a", 1, 1, Reason.MISSED, 1, 2, 1),)
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        RedisRecords(server, server.clock, "all").step([_item(None, 1, _message(), dispositions=ranges, notice=True)])
    assert everything(server) == before


@pytest.mark.parametrize("due", [0, 2**52])
@pytest.mark.parametrize("spoilt", ["messages", "results", "fires", "seq", "queues", "PLACE", "wake:celery"])
def test_a_key_of_another_type_is_found_before_a_message_is_stored(server, spoilt, due):
    ready = "delayed:celery" if due else "ready:celery"
    key = PREFIX + spoilt.replace("PLACE", ready)
    server.command("GEOADD" if spoilt == "seq" else "SET", key, *_VALUE[spoilt in _NUMBERS])
    before = everything(server)
    if spoilt == "seq" and due:
        return  # what is put off needs no number
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        RedisSender(server, server.clock).send(_message(entry=None, due=due))
    # A number may be skipped.
    assert {**everything(server), b"{beatd:tests}:seq": 0} == {**before, b"{beatd:tests}:seq": 0}


def _lies(server):
    look = {"queues": ("SMEMBERS",), "messages": ("HGETALL",), "wake:celery": ("LRANGE", 0, -1)}
    look |= {"ready:celery": ("ZRANGE", 0, -1), "delayed:celery": ("ZRANGE", 0, -1, "WITHSCORES")}
    found = {key: server.command(words[0], PREFIX + key, *words[1:]) for key, words in look.items()}
    # In no order: the server draws that of a large hash anew whenever it starts.
    return {**found, "messages": sorted(found["messages"])}


def test_one_message_lies_as_it_does_among_many(server):
    made = [_message(f"{place}-{due}", priority=place, due=due) for due in (0, 1, 2**52) for place in (None, 0, 4, 9)]
    sender = RedisSender(server, server.clock)
    sender.send_many(made)
    together = _lies(server)
    for key in together:
        server.command("DEL", PREFIX + key)
    for message in made:
        sender.send(message)
    assert _lies(server) == together
    assert [len(found) for found in together.values()] == [1, 24, 8, 8, 8]


_NUMBERS = ("seq", "fire_seq")
_VALUE = {False: ("no number",), True: ("1", "1", "x")}


@pytest.mark.parametrize(
    "spoilt", ["messages", "taken", "results", "finished", "ready:celery", "claimed:celery", "owner:w", "revoked"]
)
def test_a_key_of_another_type_is_found_before_a_settlement_writes_anything(server, spoilt):
    RedisSender(server, server.clock).send(_message())
    receiver = RedisReceiver(server, server.clock)
    (delivery,) = receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    server.command("SET", PREFIX + spoilt, "x")
    before = everything(server)
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS), [_message("next")])
    assert everything(server) == before


@pytest.mark.parametrize("spoilt", ["messages", "taken", "results", "finished", "claimed:celery", "owner:w", "revoked"])
def test_a_key_of_another_type_is_found_before_the_end_of_what_is_done_writes_anything(server, spoilt):
    RedisSender(server, server.clock).send(_message(entry=None, fire_time=None))
    receiver = RedisReceiver(server, server.clock)
    (delivery,) = receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    server.command("SET", PREFIX + spoilt, "x")
    before = everything(server)
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS))
    assert everything(server) == before


def test_numbers_longer_than_a_double_come_through(server):
    records = RedisRecords(server, server.clock)
    first, second = 2**63 - 1, 2**63 - 2
    assert records.step([_item(None, first)])[0].stored
    assert not records.step([_item(second, 1)])[0].stored
    assert records.step([_item(first, second)])[0].stored
    assert records.load()["a"].seq == second


def test_moments_are_exact_until_the_year_2255(server):
    moment = 2**53 - 1
    RedisSender(server, server.clock).send(_message(due=moment))
    assert int(server.command("ZSCORE", f"{PREFIX}delayed:celery", "m")) == moment
    assert server.run("look", moment - 1, ["celery"]) == b"1"
    assert server.run("look", moment, ["celery"]) == b"-1"


def test_a_step_larger_than_a_script_may_be_is_carried_out_in_parts(server):
    entries = [Entry(name=f"e{number:04}", task="t", schedule="every 1m") for number in range(1200)]
    drafts = [Draft(name=entry.name, place="x", entry=entry) for entry in entries]
    RedisDefinitions(server, server.clock).apply(drafts, holder="h", replace=True)
    items = [
        Item(name=entry.name, expected=None, record=_record(number, 2), emissions=(Emission(7, _message(entry.name)),))
        for number, entry in enumerate(entries)
    ]
    records = RedisRecords(server, server.clock, "all")
    assert all(answer.stored for answer in records.step(items))
    assert records.load([item.name for item in items]) == {item.name: item.record for item in items}


# ---------------------------------------------------------------- the server acted, and its answer was lost


@pytest.fixture
def unlucky(server, proxy):
    made = Server(f"redis://127.0.0.1:{proxy.port}", "tests", SystemClock())
    made.command("PING")
    assert made.clock.now()
    return made


def test_a_step_whose_answer_was_lost_is_not_carried_out_twice(server, unlucky, proxy):
    records = RedisRecords(unlucky, unlucky.clock)
    first = _item(None, 1)
    records.step([first])
    proxy.lose_reply()
    moved = _item(1, 2, _message())
    (answer,) = records.step([moved])
    assert (answer.stored, answer.record) == (False, moved.record)
    assert server.command("ZCARD", f"{PREFIX}ready:celery") == 1


def test_what_was_sent_twice_is_there_once(server, unlucky, proxy):
    RedisSender(unlucky, unlucky.clock).send(_message("other", queue="other"))  # the script is loaded now
    proxy.lose_reply()
    RedisSender(unlucky, unlucky.clock).send(_message())
    assert server.command("ZCARD", f"{PREFIX}ready:celery") == 1


@pytest.mark.parametrize("moment", ["before the second", "before the answers"])
def test_requests_that_a_connection_takes_along_are_sent_again_each_once(server, unlucky, proxy, moment):
    sender = RedisSender(unlucky, unlucky.clock)
    sender.send_many([_message("other", queue="other")])
    first = sender.begin_many([_message("one"), _message("two")])
    if moment == "before the second":
        proxy.cut()
    second = sender.begin_many([_message("three")])
    if moment == "before the answers":
        proxy.cut()
    first()
    second()
    assert server.command("ZCARD", f"{PREFIX}ready:celery") == 3


def test_of_a_request_that_is_not_answered_in_time_nobody_knows_and_the_next_one_is_sent_again(server, proxy):
    far = Server(f"redis://127.0.0.1:{proxy.port}", "tests", SystemClock(), answer_seconds=0.3)
    sender = RedisSender(far, far.clock)
    sender.send_many([_message("other", queue="other")])
    proxy.hold()
    first, second = sender.begin_many([_message("one")]), sender.begin_many([_message("two")])
    with pytest.raises(BrokerUnavailableError):
        first()
    proxy.heal()
    second()
    sender.send_many([_message("one")])
    assert server.command("ZCARD", f"{PREFIX}ready:celery") == 2


def test_a_claim_whose_answer_was_lost_gives_out_what_it_took(unlucky, proxy):
    receiver = RedisReceiver(unlucky, unlucky.clock)
    assert receiver.claim(["celery"], owner="w", limit=1, lease=SECOND) == []  # the script is loaded now
    RedisSender(unlucky, unlucky.clock).send_many([_message("one"), _message("two")])
    proxy.lose_reply()
    (delivery,) = receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    assert (delivery.message.id, delivery.attempt) == ("one", 1)
    (other,) = receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    assert other.message.id == "two"


def test_a_settlement_whose_answer_was_lost_is_not_told_as_lost(unlucky, proxy):
    RedisSender(unlucky, unlucky.clock).send_many([_message("first"), _message("m")])
    receiver = RedisReceiver(unlucky, unlucky.clock)
    first, delivery = receiver.claim(["celery"], owner="w", limit=2, lease=SECOND)
    receiver.settle(first, Outcome(verdict=Verdict.DONE, state=State.SUCCESS))  # the script is loaded now
    proxy.lose_reply()
    assert receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, finished_at=3, worker="w"))
    assert RedisOutcomes(unlucky).get("m").state is State.SUCCESS


def test_a_claim_that_found_nobody_gives_out_later_what_it_took(redis_server, unlucky, proxy):
    RedisSender(unlucky, unlucky.clock).send_many([_message("one"), _message("two")])
    receiver = RedisReceiver(unlucky, unlucky.clock)
    unlucky.close()
    proxy.refuse()
    with pytest.raises(BrokerUnavailableError):
        receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    proxy.heal()
    (delivery,) = receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    assert (delivery.message.id, delivery.attempt) == ("one", 1)


def test_a_set_whose_answer_was_lost_is_applied_once(server, unlucky, proxy):
    definitions = RedisDefinitions(unlucky, unlucky.clock)
    definitions.install()
    entries = [Entry(name=name, task="t", schedule="every 1m") for name in "ab"]
    proxy.lose_reply()
    definitions.apply([Draft(name=entry.name, place="x", entry=entry) for entry in entries], holder="h")
    assert [version.name for version in definitions.load()] == ["a", "a", "b"]
    assert server.command("EXISTS", f"{PREFIX}applying") == 0


def test_what_a_scheduler_left_half_applied_is_never_read_and_is_cleared_away(server):
    definitions, now = RedisDefinitions(server, server.clock), server.clock.now()
    assert server.run("begin", "dead", 10_000) == 0
    assert server.run("define", "dead", 1, 2, now, ["a", "b"], ["+7 [1]", "+8 [1]"]) == 1
    assert [(version.name, version.number) for version in definitions.load()] == [("a", 1)]
    assert definitions.load(1) == []
    entries = [Entry(name=name, task="t", schedule="every 1m") for name in "ac"]
    definitions.apply([Draft(name=entry.name, place="x", entry=entry) for entry in entries], holder="h")
    assert [(version.name, version.number) for version in definitions.load()] == [("a", 1), ("a", 2), ("c", 2)]
    assert server.command("HEXISTS", f"{PREFIX}lines", "b") == 0


def test_of_schedulers_that_apply_at_once_each_set_is_whole(redis_server):
    def apply(number):
        server = redis_server.open()
        names = [f"e{each}" for each in range(600)]
        entries = [Entry(name=name, task="t", schedule="every 1m", args=[number]) for name in names]
        drafts = [Draft(name=entry.name, place="x", entry=entry) for entry in entries]
        RedisDefinitions(server, server.clock).apply(drafts, holder=f"h{number}")

    threads = [threading.Thread(target=apply, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server = redis_server.open()
    versions = RedisDefinitions(server, server.clock).load()
    told = {number: {version.entry.args[0] for version in versions if version.number == number} for number in (1, 2, 3)}
    assert [len(args) for args in told.values()] == [1, 1, 1]
    assert len(versions) == 1800


def test_a_claim_larger_than_a_script_may_be_is_carried_out_in_parts(server):
    RedisSender(server, server.clock).send_many([_message(f"m{number}") for number in range(2500)])
    receiver = RedisReceiver(server, server.clock)
    taken = receiver.claim(["celery"], owner="w", limit=2300, lease=SECOND)
    assert [delivery.message.id for delivery in taken] == [f"m{number}" for number in range(2300)]
    assert receiver.release("w", penalty=False) == 2300


def test_results_are_dropped_when_their_time_has_passed(server):
    receiver = RedisReceiver(server, server.clock, result_expires=SECOND)
    RedisSender(server, server.clock).send_many([_message(name, entry=None) for name in ("old", "new")])
    old, new = receiver.claim(["celery"], owner="w", limit=2, lease=SECOND)
    receiver.settle(
        old, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, finished_at=server.clock.now() - 2 * SECOND)
    )
    assert RedisOutcomes(server).get("old") is not None
    another = RedisReceiver(server, server.clock, result_expires=SECOND)
    another.settle(new, Outcome(verdict=Verdict.DONE, state=State.SUCCESS))
    outcomes = RedisOutcomes(server)
    assert outcomes.get("old") is None
    assert outcomes.get("new").state is State.SUCCESS


def test_of_many_results_as_many_are_dropped_as_are_stored(server):
    receiver = RedisReceiver(server, server.clock, result_expires=SECOND)
    RedisSender(server, server.clock).send_many([_message(f"m{number}", entry=None) for number in range(160)])
    for delivery in receiver.claim(["celery"], owner="w", limit=160, lease=SECOND):
        finished = server.clock.now() - 2 * SECOND
        receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, finished_at=finished))
    assert server.command("HLEN", f"{PREFIX}results") <= 32


def test_history_is_bounded_by_number_as_it_is_written(server):
    records = RedisRecords(server, server.clock, "all", most=5)
    records.step([_item(None, 1)])
    for number in range(1, 12):
        sent = Message(id=f"m{number}", task="t", queue="celery", headers={}, body=b"", entry="a", fire_time=number)
        records.step([Item(name="a", expected=number, record=_record(number + 1), emissions=(Emission(number, sent),))])
    assert server.command("ZRANGE", f"{PREFIX}fires:all", 0, -1) == [b"m7", b"m8", b"m9", b"m10", b"m11"]
    assert server.command("ZCARD", f"{PREFIX}fires:of:a") == 5


def test_every_key_carries_the_one_hash_tag_of_its_namespace(server):
    RedisSender(server, server.clock).send(_message())
    RedisLeases(server, server.clock).renew("h", ttl=SECOND, status={})
    assert {key.partition(b":")[0] for key in server.command("KEYS", "*")} == {b"{beatd"}
    assert all(key.startswith(b"{beatd:tests}:") for key in server.command("KEYS", "*"))
