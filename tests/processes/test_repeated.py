import logging

from beatd.processes.repeated import MINUTE, Repeated
from tests.moved_time import Time


def test_an_outage_is_told_at_its_start_once_a_minute_and_at_its_end(caplog):
    clock = Time(at=0)
    trouble = Repeated(logging.getLogger("beatd.test"), clock, "the broker")
    for second in range(150):
        clock.at = second * 1_000_000
        trouble.failed(OSError("refused"))
    clock.at = 3 * MINUTE
    assert trouble.lasting
    trouble.recovered()
    trouble.recovered()
    assert [record.getMessage() for record in caplog.records] == [
        "the broker is not available",
        "the broker is still not available",
        "the broker is still not available",
        "the broker is available again",
    ]
    assert not trouble.lasting


def test_what_works_is_not_told(caplog):
    Repeated(logging.getLogger("beatd.test"), Time(at=0), "the broker").recovered()
    assert not caplog.records


def test_what_works_now_and_then_is_one_outage_until_it_has_worked_for_a_while(caplog):
    clock = Time(at=0)
    trouble = Repeated(logging.getLogger("beatd.test"), clock, "the store", settled=5_000_000)
    for half in range(20):
        clock.at = half * 500_000
        if half % 2:
            trouble.recovered()
        else:
            trouble.failed(OSError("full"))
    for second in range(10, 16):
        clock.at = second * 1_000_000
        trouble.recovered()
    assert [record.getMessage() for record in caplog.records] == [
        "the store is not available",
        "the store is available again",
    ]
    assert caplog.records[-1].lasted_ms == "9500"
