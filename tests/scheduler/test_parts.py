"""Parts that come and go while other schedulers are live."""

import logging
from dataclasses import replace

import pytest

from beatd.core.identity import part_of
from beatd.errors import BrokerUnavailableError
from tests.scheduler.model import SECOND, ModelClock

NAMES = tuple("abcdefgh")


class Shares:
    """Leases that give out the parts they are told to."""

    def __init__(self, leases) -> None:
        self._leases = leases
        self.parts = frozenset(range(64))

    def renew(self, holder, *, ttl, status):
        holding = self._leases.renew("somebody", ttl=ttl, status=status)
        return type(holding)(
            now=holding.now, until=holding.until, parts=self.parts, holders=2, installation=holding.installation
        )

    def release(self, holder) -> None:
        self.parts = frozenset()

    def holders(self):
        return []


def _share(stage, holder):
    """Return a scheduler on all entries, and the parts that it is given."""
    stage.write(**dict.fromkeys(NAMES, "schedule = 'every 1s'"))
    scheduler = stage.scheduler(holder)
    ports = scheduler._ports
    shares = Shares(ports.leases)
    scheduler._ports = replace(ports, leases=shares)
    return scheduler, shares


def test_lost_parts_are_no_longer_fired_and_gained_ones_are_read_anew(stage) -> None:
    first, shares = _share(stage, "one")
    second, others = _share(stage, "two")
    half = frozenset(part_of(name) for name in NAMES[:4])
    rest = frozenset(range(64)) - half
    shares.parts, others.parts = half, rest
    for given in ((half, rest), (rest, half), (half, rest)):
        shares.parts, others.parts = given
        first.look()
        for _ in range(20):
            stage.clock.advance(0.5)
            first.tick()
            second.tick()
    for name in NAMES:
        emitted = stage.emitted(name)
        assert emitted == [float(n) for n in range(1, len(emitted) + 1)]
        assert len(emitted) >= 28
    # Where both hold apart, neither runs into the other but for the moment in which the parts change hands.
    assert first.report.conflicts + second.report.conflicts <= 2 * len(NAMES)


def test_parts_whose_records_could_not_be_read_are_asked_for_again(stage, monkeypatch) -> None:
    scheduler, shares = _share(stage, "one")
    shares.parts = frozenset()
    stage.tick(scheduler, 3)
    records = scheduler._ports.records
    load = type(records).load

    def fails(*_args, **_kwargs):
        raise BrokerUnavailableError("x", "no answer")

    shares.parts = frozenset(range(64))
    monkeypatch.setattr(type(records), "load", fails)
    with pytest.raises(BrokerUnavailableError):
        stage.tick(scheduler, 3)
    monkeypatch.setattr(type(records), "load", load)
    stage.tick(scheduler, 5)
    assert len(stage.emitted("a")) >= 6


def test_a_host_whose_clock_is_off_gives_its_parts_back_until_it_agrees(stage, caplog) -> None:
    scheduler, shares = _share(stage, "one")
    witness = ModelClock(stage.clock.now())
    ports = scheduler._ports
    scheduler._ports = replace(ports, leases=shares, witness=witness)
    witness.step(31 * SECOND)
    with caplog.at_level(logging.ERROR):
        scheduler._renew()
    assert scheduler.on_standby
    assert caplog.text.count("off the store's") == 1
    witness.step(-31 * SECOND)
    shares.parts = frozenset(range(64))
    scheduler._renew()
    assert not scheduler.on_standby


class Slow:
    """Records of which each reading takes a while."""

    def __init__(self, records, clock) -> None:
        self._records = records
        self._clock = clock
        self.read: list[int] = []

    def load(self, names=None):
        self._clock.advance(0.015)
        self.read.append(len(names))
        return self._records.load(names)

    def __getattr__(self, name):
        return getattr(self._records, name)


def test_half_a_million_records_are_read_in_turns_and_the_lease_is_renewed_meanwhile(stage) -> None:
    names = [f"e{n}" for n in range(3000)]
    stage.write(**dict.fromkeys(names, "schedule = 'every 1m'"))
    first, second = stage.scheduler("one"), stage.scheduler("two")
    stage.tick(second)
    slow = Slow(stage.state.records, stage.clock)
    second._emitter._records = slow
    first.stop()
    stage.clock.advance(6)
    waits = [second.tick() for _ in range(3)]
    assert waits[0] == 0  # more is to be read, and comes with the next tick
    assert sum(slow.read) == 3000
    assert max(slow.read) <= 1000
    assert len(second._parts) == 64
    stage.tick(second, 60)
    assert [stage.emitted(name) for name in names[:3]] == [[60], [60], [60]]
