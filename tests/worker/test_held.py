"""Ends of quick tasks that wait to be settled together: nobody else waits for them, and none is lost."""

import signal
import time
from collections import Counter

import pytest
from msgspec.structs import replace

from beatd.brokers.redis import RedisReceiver, RedisSender
from beatd.brokers.sql import SqlReceiver, SqlSender
from beatd.core.protocol import build_message
from beatd.core.states import Outcome, State, Verdict
from beatd.results.redis import RedisOutcomes
from beatd.results.sql import SqlOutcomes
from beatd.sqlkit.database import open_database
from beatd.worker.settlements import HELD, Settlements
from beatd.worker.slots import LEDGER, Ledger, SlotBoard

LEASE = 30_000_000


class Held:
    """Settlements in a database; ``settled`` looks into it, ``another`` makes another process' receiver."""

    def __init__(self, clock, sender, outcomes, another):
        self.sender, self.receiver, self.outcomes, self.another = sender, another(), outcomes, another
        self.board = SlotBoard(1)
        self.clock = clock

    def settlements(self, *, ledger=True):
        ledger = Ledger(self.board, 0) if ledger else None
        return Settlements(self.receiver, self.clock, LEASE, ledger=ledger)

    def claim(self, count):
        self.sender.send_many([build_message(id=f"m{number}", task="t") for number in range(count)])
        return self.receiver.claim(["celery"], owner="w", limit=count, lease=LEASE)

    def settled(self, id_):
        outcome = self.outcomes.get(id_)
        return outcome is not None and outcome.state is State.SUCCESS


@pytest.fixture(params=["memory", "redis"])
def held(request, clock):
    if request.param == "redis":
        server = request.getfixturevalue("redis_server").open()
        return Held(clock, RedisSender(server, clock), RedisOutcomes(server), lambda: RedisReceiver(server, clock))
    given = open_database("memory://"), "n", clock
    return Held(clock, SqlSender(*given), SqlOutcomes(*given), lambda: SqlReceiver(*given))


def _done(result=1):
    outcome = {"verdict": Verdict.DONE, "state": State.SUCCESS, "result": result}
    return Outcome(**outcome, worker="w", started_at=1, finished_at=2)


def test_an_end_is_held_and_noted_until_it_is_heard_of(held):
    settlements, (one, two) = held.settlements(), held.claim(2)
    settlements.begin(one, _done())
    settlements.begin(two, _done())
    assert not held.settled("m0")
    assert [delivery.message.id for delivery, _ in held.board.ended(0, "w")] == ["m0", "m1"]
    settlements.hear()
    assert held.settled("m0")
    assert held.settled("m1")
    assert held.board.ended(0, "w") == []


def test_nothing_is_held_for_long_while_tasks_come_and_go(held):
    settlements, (one, two) = held.settlements(), held.claim(2)
    settlements.begin(one, _done())
    held.clock.at += HELD
    settlements.begin(two, _done())
    assert held.settled("m0")


def test_nothing_is_held_that_nobody_else_knows_of(held):
    one, two, three = held.claim(3)
    held.settlements(ledger=False).begin(one, _done())
    held.settlements().begin(two, _done("x" * LEDGER))
    held.settlements().begin(three, _done(), last=True)
    assert held.board.ended(0, "w") == []
    assert all(held.settled(f"m{number}") for number in range(3))


def test_what_the_supervisor_settled_meanwhile_is_no_lost_lease(held, caplog):
    settlements, (one, two) = held.settlements(), held.claim(2)
    settlements.begin(one, replace(_done(), keep=False))
    for ended in held.board.ended(0, "w"):
        assert held.receiver.settle(*ended)
    held.clock.at += 200_000
    settlements.begin(two, _done())  # it took so long
    assert not caplog.records


def test_a_lease_that_was_lost_is_told_however_late(held, caplog):
    settlements, (one,) = held.settlements(), held.claim(1)
    settlements.begin(one, _done())
    held.another().release("w", penalty=False)
    held.clock.at += 200_000
    settlements.hear()
    assert "the lease was lost" in caplog.text


def _in_one_batch(shop, until, count, then):
    """Let a child claim so many quick tasks at once, and then one of theirs that is no longer quick."""
    worker = shop.start()
    known = [shop.send("quick", "known") for _ in range(50)]
    until(lambda: all(shop.outcome(each) for each in known))
    worker.send_signal(signal.SIGTSTP)
    until(lambda: shop.says("claiming nothing"))
    time.sleep(0.6)
    before = [shop.send("quick", f"before {number}") for number in range(count)]
    last = shop.send("quick", "last", then)
    worker.send_signal(signal.SIGCONT)
    until(lambda: "last" in shop.lines())
    return before, last


def test_what_ran_before_a_quick_task_that_turns_slow_is_settled_while_that_runs(shop, until):
    before, last = _in_one_batch(shop, until, 10, "linger")
    until(lambda: all(shop.state(each) is State.SUCCESS for each in before), seconds=3)
    assert shop.state(last) is State.STARTED
    assert Counter(shop.lines()) == {"known": 50, "last": 1, **{f"before {number}": 1 for number in range(10)}}
    assert not shop.says("the lease was lost")


def test_what_ran_before_a_task_that_ends_its_process_is_settled_and_not_run_again(shop, until):
    before, last = _in_one_batch(shop, until, 10, "die")
    until(lambda: shop.state(last) is State.FAILURE)
    assert [shop.state(each) for each in before] == [State.SUCCESS] * 10
    assert sorted(shop.lines()) == sorted(
        [*["known"] * 50, *(f"before {number}" for number in range(10)), *["last"] * 2]
    )
