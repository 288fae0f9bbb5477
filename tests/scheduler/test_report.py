import logging
from random import Random

import pytest

from beatd.core.message import Message
from beatd.core.record import Answer, Emission, Item, Record
from beatd.scheduler.report import LINES, Histogram, Report

SECOND = 1_000_000


def test_a_histogram_without_values_has_no_percentile() -> None:
    assert Histogram().percentile(0.5) is None


def test_a_percentile_is_at_most_a_fifth_above_the_true_one() -> None:
    dice, histogram = Random(7), Histogram()
    values = sorted(int(dice.lognormvariate(8, 2)) for _ in range(10_000))
    for value in values:
        histogram.add(value)
    for share in (0.01, 0.5, 0.99, 1):
        true = max(1, values[round(share * len(values)) - 1])
        assert true <= histogram.percentile(share) * 1.0001 <= true * 1.2


def test_what_is_early_or_at_once_counts_as_the_least() -> None:
    histogram = Histogram()
    for value in (-5, 0, 1):
        histogram.add(value)
    assert histogram.percentile(1) == 1


def _fire(report: Report, now: int, times: int) -> None:
    record = Record(seq=1, generation=1, version=1, fingerprint=1, since=0, cursor=now)
    message = Message(id="m", task="t", queue="celery", headers={}, body=b"")
    item = Item(name="a", expected=1, record=record, emissions=(Emission(now, message),))
    for _ in range(times):
        report.settled(item, Answer(True, record), now)


@pytest.mark.parametrize(("level", "lines"), [(logging.DEBUG, 2 * LINES), (logging.INFO, LINES), (logging.WARNING, 0)])
def test_of_many_fires_in_a_second_some_are_told_and_the_rest_counted(caplog, level, lines) -> None:
    caplog.set_level(level, logger="beatd.scheduler")
    report = Report()
    _fire(report, 5 * SECOND, 2 * LINES)
    report.tell_rest()
    report.tell_rest()
    told = [record.action for record in caplog.records]
    assert told == ["fired"] * lines + ["fired_more"] * (lines == LINES)
    assert all(record.count == LINES for record in caplog.records if record.action == "fired_more")


def test_each_second_has_its_own_lines(caplog) -> None:
    caplog.set_level(logging.INFO, logger="beatd.scheduler")
    report = Report()
    for second in (5, 6):
        _fire(report, second * SECOND, LINES)
    report.tell_rest()
    assert [record.action for record in caplog.records] == ["fired"] * 2 * LINES
