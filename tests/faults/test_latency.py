"""A store that is slow, or slow one way and losing connections: batches carry it, and no lease is lost."""

import random
import time

import pytest

from beatd.scheduler.engine import TTL
from tests.faults.conftest import Troubled
from tests.faults.ledger import read_ledger

SECOND = 1_000_000
NAMES = [f"e{number}" for number in range(20)]


@pytest.fixture
def patient(remote, monkeypatch) -> Troubled:
    """Wait for answers as long as beatd does."""
    monkeypatch.setattr("beatd.rediskit.server.ANSWER_SECONDS", 5.0)
    remote.patience = 5.0
    return remote


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_store_that_takes_half_a_second_is_carried_by_batches_and_loses_no_lease(patient) -> None:
    patient.write(**dict.fromkeys(NAMES, "schedule = 'every 1s'"))
    scheduler = patient.scheduler()
    patient.tick(scheduler, 1)
    patient.proxy.delays = (0.25, 0.25)
    passed = began = time.monotonic()
    while passed - began < 15:
        scheduler.tick()
        assert scheduler._may_emit()
        now = time.monotonic()
        patient.clock.advance(now - passed)
        passed = now
    patient.proxy.heal()
    assert len(read_ledger(patient.direct).sent) > len(NAMES)
    patient.settle(scheduler)
    found = read_ledger(patient.direct)
    assert found.problems(SECOND) == []
    # What comes due while a slow step is under way, the next one takes along; the lateness tells of it.
    assert len(found.sent) >= 15 * len(NAMES)
    assert scheduler.report.as_mapping()["lateness_p99_ms"] > 500


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_connections_that_break_and_answers_that_come_late_let_no_lease_flap(patient) -> None:
    dice = random.Random(7)
    patient.write(**dict.fromkeys(NAMES, "schedule = 'every 1s'"))
    first = patient.scheduler("one")
    patient.tick(first, 2)
    second = patient.scheduler("two", url=patient.direct)
    changes, held = 0, len(first._parts)
    for _ in range(60):
        if dice.random() < 0.3:
            patient.proxy.cut()
        patient.proxy.delays = (0.0, dice.choice((0.0, 0.0, 0.02, 0.1)))
        patient.endure(first, 0.5)
        second.tick()
        changes += len(first._parts) != held
        held = len(first._parts)
    patient.proxy.heal()
    patient.tick_all(first, second, seconds=8)
    # Thirty seconds are five leases.
    assert changes <= 30 * SECOND // TTL
    found = read_ledger(patient.direct)
    assert found.problems(SECOND) == []
    assert len(found.sent) >= 35 * len(NAMES)
