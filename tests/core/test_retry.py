import pytest

from beatd.core.registry import TaskOptions
from beatd.core.retry import backoff

PLAIN = TaskOptions(retry_backoff=1.0, retry_backoff_max=60.0, retry_jitter=False)


@pytest.mark.parametrize(("retries", "seconds"), [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (10_000, 60)])
def test_the_wait_doubles_up_to_the_cap(retries, seconds):
    assert backoff(PLAIN, retries, 0.5) == seconds


@pytest.mark.parametrize(("draw", "seconds"), [(0.0, 2.0), (0.5, 3.0), (1.0, 4.0)])
def test_jitter_draws_between_half_of_the_wait_and_the_wait(draw, seconds):
    assert backoff(TaskOptions(retry_backoff=1.0), 2, draw) == seconds


def test_no_back_off_is_no_wait():
    assert backoff(TaskOptions(retry_backoff=0), 3, 0.7) == 0


def test_a_negative_count_of_retries_is_none():
    assert backoff(PLAIN, -3, 0.0) == 1
