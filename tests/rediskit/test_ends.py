"""What the scripts promise of ends: judged by the record as it is, nothing by halves, and a repeat does no harm."""

import threading

import pytest
from msgspec import structs

from beatd.brokers.redis import RedisLimits, RedisReceiver
from beatd.clock import SystemClock
from beatd.core.ending import lost
from beatd.core.identity import message_id
from beatd.core.message import Message
from beatd.core.record import Emission, Item, Record, Sent, Tracking
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.rediskit import ending
from beatd.rediskit.server import Server
from beatd.results.redis import RedisOutcomes
from beatd.stores.redis import RedisRecords
from tests.rediskit.conftest import everything

SECOND = 1_000_000
PREFIX = "{beatd:tests}:"
DONE = Outcome(verdict=Verdict.DONE, state=State.SUCCESS, worker="w")
FAILED = structs.replace(DONE, state=State.FAILURE)


def _id(fire_time):
    return message_id("tests", "a", 1, fire_time)


def _emission(fire_time, **fields):
    message = Message(
        id=_id(fire_time), task="t", queue="celery", headers={}, body=b"", entry="a", fire_time=fire_time, **fields
    )
    return Emission(fire_time, message)


def _record(seq, *, unfinished=None, held=None, **fields):
    sent = [None if each is None else Sent(_id(each), each, 1) for each in (unfinished, held)]
    tracking = Tracking(unfinished=sent[0], held=sent[1], **fields)
    return Record(seq=seq, generation=1, version=1, fingerprint=5, since=0, cursor=seq, tracking=tracking or None)


def _item(expected, record, *fire_times, **fields):
    emissions = tuple(_emission(fire_time) for fire_time in fire_times)
    return Item(name="a", expected=expected, record=record, **{"emissions": emissions, **fields})


@pytest.fixture
def records(server):
    return RedisRecords(server, server.clock, "all")


@pytest.fixture
def queued(records):
    """One message that waits, and one that is held behind it."""
    records.step([_item(None, _record(1, unfinished=7, pause_after=1), 7)])
    records.step([_item(1, _record(2, unfinished=7, held=8, pause_after=1), 8)])


def _take(server):
    return RedisReceiver(server, server.clock).claim(["celery"], owner="w", limit=1, lease=SECOND)


# ---------------------------------------------------------------- nothing by halves


@pytest.mark.parametrize(
    "spoilt",
    ["noticed", "held", "fires", "fires:all", "fires:of:a", "open", "fire_seq", "timed_out", "delayed:celery", "seq"],
)
def test_a_key_of_another_type_is_found_before_an_end_writes_anything(server, queued, spoilt):
    (delivery,) = _take(server)
    server.command("DEL", PREFIX + spoilt)
    server.command("GEOADD", PREFIX + spoilt, "1", "1", "x") if "seq" in spoilt else server.command(
        "LPUSH", PREFIX + spoilt, "x"
    )
    before = everything(server)
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        RedisReceiver(server, server.clock).settle(delivery, FAILED)
    assert everything(server) == before


@pytest.mark.parametrize("spoilt", ["held", "revoked", "finished", "timed_out", "ready:celery", "claimed:celery"])
def test_a_key_of_another_type_is_found_before_a_step_ends_anything(server, records, queued, spoilt):
    server.command("DEL", PREFIX + spoilt)
    server.command("LPUSH", PREFIX + spoilt, "x")
    before = everything(server)
    cancels = ((_id(7), "why"), (_id(8), "why"))
    item = _item(2, _record(3), releases=(_id(8),), cancels=cancels, timed_out=Sent(_id(7), 7, 1))
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        records.step([item])
    assert everything(server) == before


# ---------------------------------------------------------------- judged by the record as it is


def _requests(server):
    stats = server.command("INFO", "commandstats").decode()
    return sum(int(line.split("calls=")[1].split(",")[0]) for line in stats.splitlines() if "cmdstat_eval" in line)


@pytest.mark.parametrize(("tracking", "requests"), [({}, 1), ({"pause_after": 9}, 2)])
def test_an_end_of_an_entry_that_asks_for_nothing_is_one_request(server, records, tracking, requests):
    records.step([_item(None, _record(1, **tracking), 7, 9)])
    (first,), (second,) = _take(server), _take(server)
    receiver = RedisReceiver(server, server.clock)
    receiver.settle(first, FAILED)  # the script is loaded now
    before = _requests(server)
    receiver.settle(second, FAILED)
    assert _requests(server) - before == requests


def test_ends_of_many_workers_at_once_are_each_counted_once(redis_server, server, records):
    records.step([_item(None, _record(1, pause_after=100), *range(7, 47))])

    def work(number):
        own = redis_server.open()
        receiver = RedisReceiver(own, own.clock)
        while found := receiver.claim(["celery"], owner=f"w{number}", limit=1, lease=30 * SECOND):
            assert receiver.settle(found[0], FAILED)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert records.load()["a"].tracking.failures == 40


def test_an_end_whose_record_is_changed_again_and_again_does_nothing(server, records, queued, monkeypatch):
    monkeypatch.setattr(ending, "ROUNDS", 2)
    (delivery,) = _take(server)

    class Restless(Server):
        """Between any two requests somebody changes the record."""

        def run(self, name, *given, **options):
            record = records.load()["a"]
            records.step([_item(record.seq, structs.replace(record, seq=record.seq + 1))])
            return super().run(name, *given, **options)

    restless = Restless(f"{server.url}", "tests", SystemClock())
    with pytest.raises(BrokerUnavailableError, match="the record of 'a' is changed by others again and again"):
        RedisReceiver(restless, server.clock).settle(delivery, DONE)
    assert records.load()["a"].tracking.held is not None
    assert RedisReceiver(server, server.clock).settle(delivery, DONE)


def test_a_record_that_is_not_tracked_any_more_stays_as_it_is(server, records, queued, caplog):
    (delivery,) = _take(server)

    class Late(Server):
        """The entry asks for nothing any more when the judgement arrives."""

        asked = 0

        def run(self, name, *given, **options):
            self.asked += 1
            if self.asked == 2:
                records.step([_item(2, _record(3))])
            return super().run(name, *given, **options)

    late = Late(server.url, "tests", SystemClock())
    assert RedisReceiver(late, server.clock).settle(delivery, FAILED)
    assert (records.load()["a"], caplog.messages) == (_record(3), [])


# ---------------------------------------------------------------- the server acted, and its answer was lost


@pytest.fixture
def unlucky(server, proxy):
    made = Server(f"redis://127.0.0.1:{proxy.port}", "tests", SystemClock())
    assert made.clock.now()
    return made


def test_an_end_whose_answer_was_lost_is_counted_once(server, records, unlucky, proxy):
    records.step([_item(None, _record(1, pause_after=9), 7, 9)])
    (first,), (second,) = _take(server), _take(server)
    RedisReceiver(server, server.clock).settle(first, FAILED)  # the script is loaded now
    run, asked = unlucky.run, []

    def lose_the_second(name, *given, **options):
        asked.append(name)
        if len(asked) == 2:
            proxy.lose_reply()
        return run(name, *given, **options)

    unlucky.run = lose_the_second
    assert RedisReceiver(unlucky, server.clock).settle(second, structs.replace(FAILED, finished_at=3))
    assert (records.load()["a"].tracking.failures, proxy.is_set) == (2, False)


def test_a_step_that_holds_and_whose_answer_was_lost_is_not_carried_out_twice(server, records, unlucky, proxy):
    records.step([_item(None, _record(1, unfinished=7), 7)])
    proxy.lose_reply()
    moved = _item(1, _record(2, unfinished=7, held=8), 8)
    (answer,) = RedisRecords(unlucky, server.clock, "all").step([moved])
    assert (answer.stored, answer.record) == (False, moved.record)
    assert server.command("HGETALL", f"{PREFIX}held") == [_id(8).encode(), b"celery"]


def test_a_claim_whose_answer_was_lost_still_ends_what_may_not_be_run(server, records, unlucky, proxy):
    expired = structs.replace(_emission(7), message=structs.replace(_emission(7).message, expires=1))
    item = _item(None, _record(1, unfinished=7, pause_after=9), emissions=(expired, _emission(8)))
    receiver = RedisReceiver(unlucky, server.clock)
    assert receiver.claim(["celery"], owner="w", limit=1, lease=SECOND) == []  # the script is loaded now
    records.step([item])
    proxy.lose_reply()
    (delivery,) = receiver.claim(["celery"], owner="w", limit=2, lease=SECOND)
    assert delivery.message.id == _id(8)
    assert RedisOutcomes(server).get(_id(7)).reason == "expired"
    assert records.load()["a"].tracking == Tracking(pause_after=9)


def test_a_revocation_whose_answer_was_lost_tells_the_record_once(server, records, queued, unlucky, proxy):
    RedisLimits(server, server.clock).revoke("absent")  # the script is loaded now
    proxy.lose_reply()
    RedisLimits(unlucky, server.clock).revoke(_id(7))
    assert records.load()["a"].tracking.unfinished.id == _id(8)
    assert [each.message.id for each in _take(server)] == [_id(8)]


def test_what_died_too_often_is_told_in_the_words_of_every_driver(server, records):
    records.step([_item(None, _record(1, unfinished=7, pause_after=9), 7)])
    receiver = RedisReceiver(server, server.clock, max_deliveries=1)
    receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    receiver.release("w", penalty=True)
    assert receiver.claim(["celery"], owner="w", limit=1, lease=SECOND) == []
    told = RedisOutcomes(server).get(_id(7))
    assert (told.reason, told.result) == (lost(1).reason, lost(1).result)


def test_more_messages_than_one_call_takes_are_released_and_cancelled(server, records):
    count = 2100
    every = range(7, 7 + count)
    items, seq = [], None
    for at in range(0, count, 300):
        items.append(_item(seq, _record(at + 1), *every[at : at + 300]))
        seq = at + 1
    records.step(items)
    cancels = tuple((_id(each), "why") for each in every)
    (answer,) = records.step([_item(seq, _record(9), cancels=cancels, releases=tuple(_id(each) for each in every))])
    assert answer.stored
    assert server.command("ZCARD", f"{PREFIX}ready:celery") == 0
    assert server.command("HLEN", f"{PREFIX}messages") == 0
