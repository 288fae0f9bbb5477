"""Backfills of the same range by several processes, one of which is killed: each fire once."""

import time

import pytest
from msgspec import structs

from beatd.core.backfill import Errand, Exchange, Stride
from beatd.core.record import Reason
from tests.conformance.conftest import START

T, NUMBER, CHUNK = START, 200, 5


def _backfill(driver, make):
    """Stride until nothing is left; return how many messages were sent by this process."""
    fresh = Errand(id=str(make.record().seq), entry="a", first=T, until=T + NUMBER, again=False, cursor=T - 1)
    sent = 0
    while True:
        errand = driver.backfills.begin(fresh)
        left = [each for each in driver.past.dispositions("a", errand.cursor, T + NUMBER, 9) if each.reason == "missed"]
        if not left:
            return sent
        former = left[0]
        moments = range(former.first, min(former.first + CHUNK, former.last + 1))
        rest = structs.replace(former, first=moments[-1] + 1, count=former.count - len(moments))
        done = structs.replace(former, reason=Reason.BACKFILLED, last=moments[-1], count=len(moments))
        exchange = Exchange(former=former, remaining=(rest,) if rest.count else (), backfilled=done)
        emissions = tuple(make.emission("a", moment) for moment in moments)
        sent += driver.backfills.stride(
            Stride(errand=errand, cursor=moments[-1], emissions=emissions, exchange=exchange)
        ).emitted


@pytest.mark.parametrize("killed", [False, True])
def test_each_fire_of_a_range_is_backfilled_once_whoever_does_it(shared, make, fork, killed):
    shared.define("a")
    shared.records.step([make.item("a", dispositions=(make.disposition("a", T, T + NUMBER - 1, NUMBER, "missed"),))])
    some = [fork(lambda: _backfill(shared, make)) for _ in range(2)]
    if killed:
        deadline = time.monotonic() + 30
        while shared.admin.sizes().get("celery", {}).get("ready", 0) < NUMBER // 8:
            assert time.monotonic() < deadline
        some.pop().kill()
    sent = sum(int(each.result()) for each in some)
    assert shared.admin.sizes()["celery"]["ready"] == NUMBER
    assert sent <= NUMBER if killed else sent == NUMBER
    assert len(shared.history.runs(entry="a", limit=10_000)) == NUMBER
