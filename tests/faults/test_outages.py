"""The store is away, mute, slow, full or read-only, and comes back; time is moved."""

import time
from itertools import pairwise

import pytest

from beatd.errors import BrokerUnavailableError

EVERY_10S = "schedule = 'every 10s'"


def tens(first: float, last: float) -> list[float]:
    return [float(moment) for moment in range(int(first), int(last) + 1, 10)]


def test_after_a_minute_away_everything_due_is_emitted_in_order(troubled) -> None:
    troubled.write(a=EVERY_10S, b="schedule = 'every 1s'\nmisfire = 'all'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 12)
    troubled.cut_off()
    assert troubled.endure(scheduler, 55, at_most=5) > 5
    troubled.bring_back()
    troubled.settle(scheduler)
    assert troubled.emitted("a") == tens(10, 60)
    assert troubled.emitted("b") == [float(moment) for moment in range(1, 68)]
    assert {state for _, state, _ in troubled.runs("b")} == {"emitted"}


def test_after_ten_minutes_away_what_is_on_time_does_not_wait_for_what_is_late(troubled) -> None:
    late = {f"late{number}": "schedule = 'every 1s'\nmisfire = 'all'" for number in range(5)}
    troubled.write(punctual="schedule = 'every 1s'\nmisfire = 'skip'", **late)
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 2)
    troubled.cut_off()
    troubled.endure(scheduler, 600, at_most=100)
    assert len(scheduler._emitter) == 6  # it keeps no fires, only when each entry is next due
    troubled.bring_back()
    for _ in range(40):
        troubled.clock.advance(0.1)
        scheduler.tick()
    # A thousand a second are caught up at the most.
    caught_up = [troubled.emitted(name) for name in late]
    assert 1500 < sum(map(len, caught_up)) < 4300
    assert all(former < latter for moments in caught_up for former, latter in pairwise(moments))
    assert [moment for moment in troubled.emitted("punctual") if moment > 603] == [604, 605, 606]


def test_after_an_hour_away_what_is_older_than_grace_is_on_record_and_the_rest_emitted(troubled) -> None:
    troubled.write(a=f"{EVERY_10S}\nmisfire = 'all'\ngrace = '30m'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 5)
    troubled.cut_off()
    troubled.endure(scheduler, 3595, at_most=600)
    troubled.bring_back()
    troubled.settle(scheduler)
    missed, *rest = troubled.runs("a")
    assert missed[:2] == (10, "missed")
    edge = missed[2] * 10
    assert 1790 <= edge <= 1810
    assert [moment for moment, _, _ in rest] == tens(edge + 10, 3600)
    assert {state for _, state, _ in rest} == {"emitted"}


def test_a_mute_server_holds_no_lease_hostage_and_what_it_gets_late_doubles_nothing(remote) -> None:
    remote.write(a="schedule = 'every 1s'")
    stuck = remote.scheduler("stuck")
    remote.tick(stuck, 3)
    other = remote.scheduler("other", url=remote.direct)
    remote.proxy.hold()
    remote.clock.advance(1)
    began = time.monotonic()
    with pytest.raises(BrokerUnavailableError):
        stuck.tick()
    assert time.monotonic() - began < 15
    assert other.on_standby
    remote.tick(other, 20)
    assert not other.on_standby
    assert stuck._may_emit() is False
    remote.proxy.heal()  # what was sent into the silence arrives now
    for _ in range(15):
        remote.clock.advance(1)
        for scheduler in (stuck, other):
            scheduler.tick()
    found = remote.emitted("a")
    assert found == [float(moment) for moment in range(1, len(found) + 1)]
    assert found[-1] >= 38


def test_a_half_open_connection_is_given_up_and_nothing_is_lost(remote) -> None:
    remote.write(a="schedule = 'every 1s'")
    scheduler = remote.scheduler()
    remote.tick(scheduler, 3)
    remote.proxy.half_open()
    remote.endure(scheduler, 1)
    remote.endure(scheduler, 5)
    assert remote.emitted("a") == [1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("number", range(3))
def test_a_reply_that_is_lost_leaves_it_to_the_records_what_was_stored(remote, number) -> None:
    remote.write(a="schedule = 'every 1s'", b="schedule = 'every 1s'")
    scheduler = remote.scheduler()
    remote.tick(scheduler, 3)
    for _ in range(number + 1):
        remote.proxy.lose_reply(to=b"COMMIT\0" if remote.driver == "postgresql" else b"EVALSHA")
        remote.endure(scheduler, 1)
        assert not remote.proxy.is_set
    remote.endure(scheduler, 2)
    expected = [float(moment) for moment in range(1, 7 + number)]
    assert remote.emitted("a") == remote.emitted("b") == expected


def test_a_request_that_is_cut_in_the_middle_is_made_again_whole(remote) -> None:
    remote.write(**{f"e{number}": "schedule = 'every 1s'" for number in range(100)})
    scheduler = remote.scheduler()
    remote.tick(scheduler, 2)
    for after in (10, 2000):
        remote.proxy.cut_request(after=after, of=b"COMMIT\0" if remote.driver == "postgresql" else b"EVALSHA")
        remote.endure(scheduler, 1)
        assert not remote.proxy.is_set
    remote.endure(scheduler, 2)
    assert {tuple(remote.emitted(f"e{number}")) for number in range(100)} == {(1, 2, 3, 4, 5, 6)}
