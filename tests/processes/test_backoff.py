from beatd.processes.backoff import SECOND, Backoff


def test_waits_double_up_to_the_cap():
    backoff = Backoff(first=100, most=1000, draw=lambda: 1.0)
    assert [backoff.failed() for _ in range(6)] == [100, 200, 400, 800, 1000, 1000]


def test_jitter_takes_away_half_at_most():
    assert Backoff(first=100, most=1000, draw=lambda: 0.0).failed() == 50


def test_a_long_life_forgets_former_failures():
    backoff = Backoff(first=100, most=1000, reset_after=10 * SECOND, draw=lambda: 1.0)
    backoff.failed()
    backoff.failed()
    assert backoff.failed(lived=10 * SECOND) == 100


def test_a_thousand_failures_do_not_overflow():
    backoff = Backoff(draw=lambda: 1.0)
    assert [backoff.failed() for _ in range(1000)][-1] == 5 * SECOND
