from random import Random

from beatd.scheduler.report import Histogram


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
