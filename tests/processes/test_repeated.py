import logging

from beatd.processes.repeated import MINUTE, Repeated


class Time:
    def __init__(self):
        self.at = 0

    def now(self):
        return self.at

    def elapsed(self):
        return self.at


def test_an_outage_is_told_at_its_start_once_a_minute_and_at_its_end(caplog):
    clock = Time()
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
    Repeated(logging.getLogger("beatd.test"), Time(), "the broker").recovered()
    assert not caplog.records
