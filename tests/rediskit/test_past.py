"""What the scripts of backfills and of the past promise beyond the conformance suite."""

import pytest

from beatd.clock import SystemClock
from beatd.core.backfill import Errand, Exchange, Stride
from beatd.core.message import Message
from beatd.core.record import DeadLetter, Disposition, Emission, Item, Reason, Record
from beatd.errors import StoreError
from beatd.rediskit.server import Server
from beatd.stores.redis import RedisBackfills, RedisHistory, RedisPast, RedisRecords, RedisRepairs
from tests.rediskit.conftest import everything

PREFIX = "{beatd:tests}:"
RANGE = Disposition("a", 1, 1, Reason.MISSED, 10, 12, 3)


def _emission(moment):
    message = Message(id=f"m{moment}", task="t", queue="celery", headers={}, body=b"", entry="a", fire_time=moment)
    return Emission(moment, message)


def _item(expected, seq, **fields):
    record = Record(seq=seq, generation=1, version=1, fingerprint=5, since=0, cursor=seq)
    return Item(name="a", expected=expected, record=record, **fields)


def _stride(errand, cursor, *moments):
    exchange = Exchange(
        former=RANGE, remaining=(), backfilled=Disposition("a", 1, 1, Reason.BACKFILLED, 10, 12, len(moments))
    )
    emissions = tuple(_emission(moment) for moment in moments)
    return Stride(errand=errand, cursor=cursor, emissions=emissions, exchange=exchange if moments else None)


@pytest.fixture
def server(server):
    RedisRecords(server, server.clock).step([_item(None, 1, dispositions=(RANGE,))])
    return server


@pytest.fixture
def unlucky(server, proxy):
    made = Server(f"redis://127.0.0.1:{proxy.port}", "tests", SystemClock())
    assert made.clock.now()
    return made


@pytest.fixture
def errand(server):
    fresh = Errand(id="j", entry="a", first=10, until=20, again=False, cursor=9)
    return RedisBackfills(server, server.clock).begin(fresh)


def test_a_stride_whose_answer_was_lost_is_told_as_what_it_was(server, unlucky, proxy, errand):
    backfills = RedisBackfills(unlucky, unlucky.clock)
    backfills.stride(Stride(errand=Errand(id="x", entry="x", first=0, until=1, again=False, cursor=0), cursor=1))
    proxy.dropping = True
    told = backfills.stride(_stride(errand, 12, 10, 11, 12))
    assert (told.stored, told.emitted) == (True, 3)
    assert server.command("ZCARD", f"{PREFIX}ready:celery") == 3
    assert backfills.begin(errand).emitted == 3


def test_the_last_stride_too(server, unlucky, proxy, errand):
    backfills = RedisBackfills(unlucky, unlucky.clock)
    backfills.stride(Stride(errand=errand, cursor=9))  # the script is loaded now
    proxy.dropping = True
    told = backfills.stride(_stride(errand, None, 10, 11, 12))
    assert (told.stored, told.emitted) == (True, 3)
    assert server.command("HLEN", f"{PREFIX}backfills") == 0


@pytest.mark.parametrize(
    "spoilt",
    [
        "messages",
        "taken",
        "results",
        "seq",
        "queues",
        "ready:celery",
        "fires",
        "fires:all",
        "fires:of:a",
        "open",
        "state",
    ],
)
def test_a_key_of_another_type_is_found_before_a_stride_writes_anything(server, errand, spoilt):
    server.command("DEL", PREFIX + spoilt)
    server.command(*(("GEOADD", PREFIX + spoilt, "1", "1", "x") if spoilt == "seq" else ("SET", PREFIX + spoilt, "x")))
    before = everything(server)
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        RedisBackfills(server, server.clock).stride(_stride(errand, 12, 10, 11, 12))
    assert everything(server) == before


@pytest.mark.parametrize("spoilt", ["tenures", "reasons", "revoked", "results", "messages", "dead:celery"])
def test_a_key_of_another_type_is_found_before_a_step_keeps_a_letter(server, spoilt):
    server.command("DEL", PREFIX + spoilt)
    server.command("SET", PREFIX + spoilt, "x")
    before = everything(server)
    letters = (DeadLetter(_emission(20).message, "too large"),)
    with pytest.raises(StoreError, match="holds what beatd did not put there"):
        RedisRecords(server, server.clock).step([_item(1, 2, letters=letters)])
    assert everything(server) == before


def test_what_is_above_the_most_rows_is_forgotten_and_it_is_known_from_where_the_history_is_whole(server):
    past = RedisPast(server, server.clock)
    begun = past.kept_since()
    records = RedisRecords(server, server.clock, most=2)
    moment = begun
    for seq in range(2, 8):
        moment += 100
        told = Disposition("a", 1, 1, Reason.MISSED, moment, moment + 9, 10)
        records.step([_item(seq - 1, seq, dispositions=(told,))])
    kept = past.kept_since()
    assert begun < kept
    assert [each.first for each in past.dispositions("a", kept - 1, moment + 100, 9)] == [moment - 100, moment]


def test_a_page_goes_on_behind_a_row_that_was_deleted_meanwhile(server):
    history = RedisHistory(server, server.clock)
    records = RedisRecords(server, server.clock, "all")
    records.step([_item(1, 2, emissions=(_emission(30), *(Emission(20, _emission(n).message) for n in range(21, 24))))])
    (first, second, *rest) = history.runs()
    server.command("ZREM", f"{PREFIX}fires:all", second.message_id)
    server.command("HDEL", f"{PREFIX}fires", second.message_id)
    assert history.runs(before=second.cursor) == rest
    assert history.runs(limit=1, before=first.cursor) == rest[:1]


def test_a_confirmation_whose_answer_was_lost_replaces_once(server, unlucky, proxy):
    repairs = RedisRepairs(unlucky, unlucky.clock)
    former = repairs.confirm(since=5, replaces=[])
    proxy.dropping = True
    made = repairs.confirm(since=7, replaces=["lost"])
    assert {*made.replaces} == {*former.replaces, former.id, "lost"}
    assert repairs.find() == made
