"""Leases that are lost, doubled, slow, or gone by hand: only the division of labour suffers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from beatd.scheduler.engine import TTL
from tests.faults.ledger import read_ledger
from tests.scheduler.stage import START

SECOND = 1_000_000
EVERY_SECOND = "schedule = 'every 1s'"
NAMES = tuple("abcdefgh")


def seconds(first: int, last: int) -> list[float]:
    return [float(moment) for moment in range(first, last + 1)]


@pytest.mark.parametrize("gap", [0.008, 1, 59, 300])
def test_a_fire_due_while_nobody_schedules_is_emitted_on_take_over(troubled, gap) -> None:
    troubled.write(a="schedule = 'every 10m'")
    first = troubled.scheduler("one")
    troubled.tick(first, 600 - gap / 2, at_most=100)
    first.stop()
    troubled.clock.advance(gap)
    second = troubled.scheduler("two")
    troubled.settle(second)
    assert troubled.runs("a") == [(600, "emitted", 1)]


@pytest.mark.parametrize("hours", [1 / 6, 72])
def test_after_all_were_away_each_entry_is_caught_up_by_its_policy_in_order(troubled, hours) -> None:
    troubled.write(**{policy: f"schedule = 'every 1m'\nmisfire = '{policy}'" for policy in ("all", "latest", "skip")})
    troubled.tick(troubled.scheduler("one"), 30)
    troubled.clock.advance(hours * 3600)
    second = troubled.scheduler("two")
    troubled.settle(second)
    due = [60.0 * number for number in range(1, int(hours * 60) + 1)]
    most = due[-1000:]  # the default catch_up_limit
    most = [moment for moment in most if moment >= due[-1] - 86_400 + 60]
    assert troubled.emitted("all") == most
    assert troubled.emitted("latest") == due[-1:]
    assert troubled.emitted("skip") == []
    for name in ("all", "latest", "skip"):
        assert sum(count for _, _, count in troubled.runs(name)) == len(due)


def test_two_with_one_name_for_themselves_emit_once(troubled) -> None:
    troubled.write(a=EVERY_SECOND)
    first, second = troubled.scheduler("same"), troubled.scheduler("same")
    troubled.tick_all(first, second, seconds=20)
    assert troubled.emitted("a") == seconds(1, 20)
    assert read_ledger(troubled.direct).problems(SECOND) == []


def test_leases_deleted_by_hand_double_and_lose_nothing(troubled) -> None:
    troubled.write(**dict.fromkeys(NAMES, EVERY_SECOND))
    first, second = troubled.scheduler("one"), troubled.scheduler("two")
    troubled.tick_all(first, second, seconds=3)
    for order in ((first, second), (second, first)):
        if troubled.driver == "redis":
            keys = troubled.redis("KEYS", "*scheduler:*")
            troubled.redis("DEL", "{beatd:beatd}:leases", "{beatd:beatd}:live", *keys)
        else:
            troubled.sql("DELETE FROM beatd_leases", "DELETE FROM beatd_schedulers")
        for _ in range(10):
            troubled.clock.advance(1)
            for scheduler in order:
                scheduler.tick()
    troubled.tick_all(first, second, seconds=10)
    for name in NAMES:
        assert troubled.emitted(name) == seconds(1, 33)
    held = [len(scheduler._parts) for scheduler in (first, second)]
    assert sum(held) == 64


def test_a_slow_answer_to_a_renewal_makes_no_lease_longer(troubled) -> None:
    troubled.write(a=EVERY_SECOND)
    scheduler = troubled.scheduler()
    leases = scheduler._ports.leases

    class Slow:
        """The store's disk takes five seconds for a lease."""

        def renew(self, holder, **given):
            held = leases.renew(holder, **given)
            troubled.clock.advance(5)
            return held

        def __getattr__(self, name):
            return getattr(leases, name)

    ports = scheduler._ports
    scheduler._ports = replace(ports, leases=Slow())
    troubled.clock.advance(2)
    asked_at = troubled.clock.elapsed()
    scheduler.tick()
    assert scheduler._trusted_until == asked_at + TTL
    troubled.clock.advance(1.5)
    assert not scheduler._may_emit()
    other = troubled.scheduler("other")
    troubled.tick(other, 8)
    assert not other.on_standby
    scheduler._ports = ports
    troubled.tick_all(scheduler, other, seconds=5)
    found = troubled.emitted("a")
    assert found == seconds(1, int(found[-1]))


def test_the_schedule_passes_from_one_to_three_and_back_without_a_gap(troubled) -> None:
    troubled.write(**dict.fromkeys(NAMES, EVERY_SECOND))
    first = troubled.scheduler("one")
    troubled.tick(first, 5)
    others = [troubled.scheduler(holder) for holder in ("two", "three")]
    troubled.tick_all(first, *others, seconds=20)
    held = [scheduler._parts for scheduler in (first, *others)]
    assert sum(map(len, held)) == len(frozenset().union(*held)) == 64
    for scheduler in others:
        scheduler.stop()
    troubled.tick_all(first, seconds=10)
    assert len(first._parts) == 64
    for name in NAMES:
        assert troubled.emitted(name) == seconds(1, 35)


def test_one_that_stalls_within_its_lease_is_late_and_says_so(troubled) -> None:
    troubled.write(a=EVERY_SECOND)
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 3)
    troubled.clock.advance(40)
    troubled.tick(scheduler, 2)
    assert troubled.emitted("a") == seconds(1, 45)
    assert 38_000 < scheduler.report.as_mapping()["lateness_p99_ms"] < 42_000


def test_a_rolling_deploy_over_the_full_hour_fires_its_set_once_and_within_two_seconds(troubled) -> None:
    troubled.clock.set(START - timedelta(seconds=5))
    hourly = dict.fromkeys(NAMES, "schedule = '0 * * * *'")
    troubled.write(**hourly, steady=EVERY_SECOND)
    running = [troubled.scheduler(f"old{number}") for number in range(3)]
    for number in range(3):
        stride(troubled, running, 3)
        running.pop(0).stop()
        running.append(troubled.scheduler(f"new{number}"))
    stride(troubled, running, 3)
    for name in NAMES:
        assert troubled.emitted(name) == [0]
    steady = troubled.emitted("steady")
    assert steady == seconds(-4, int(steady[-1]))
    zero = int(START.timestamp() * SECOND)
    late = [run.emitted_at - run.fire_time for run in troubled.state.history.runs(limit=1000) if run.fire_time >= zero]
    assert max(late) < 2 * SECOND


def stride(troubled, running, seconds: float) -> None:
    for _ in range(round(seconds * 4)):
        troubled.clock.advance(0.25)
        for scheduler in running:
            scheduler.tick()


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("driver", ["sqlite", "redis"])
def test_fifty_that_start_at_once_share_the_work_and_fire_soon(troubled_on, driver) -> None:
    troubled = troubled_on(driver)
    troubled.write(**dict.fromkeys(NAMES, EVERY_SECOND))
    crowd = [troubled.scheduler(f"s{number}") for number in range(50)]
    began = troubled.clock.elapsed()
    troubled.tick_all(*crowd, seconds=2)
    assert troubled.emitted("a")[0] == 1
    troubled.tick_all(*crowd, seconds=12)
    assert troubled.clock.elapsed() - began == 14 * SECOND
    held = [scheduler._parts for scheduler in crowd]
    assert sum(map(len, held)) == len(frozenset().union(*held)) == 64
    for name in NAMES:
        assert troubled.emitted(name) == seconds(1, 14)
    # Renewals that a lease needs, and no more: nobody asks the store in a rush.
    assert sum(scheduler.report.conflicts for scheduler in crowd) == 0
