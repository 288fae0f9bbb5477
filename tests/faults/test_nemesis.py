"""Schedulers that are killed, stopped, restarted and cut off, on stores that fare no better; the judge says what held.

The plan is the same each time; ``make soak`` makes new ones, and ``NEMESIS_SEED`` repeats what a failure of it printed.
"""

import os

import pytest

from tests.faults.nemesis import WITH_WORKERS, Terms, disturb
from tests.faults.stores import ATTACKED

pytestmark = pytest.mark.slow


SEED = 3787196948
"""One that has found a mistake: what was edited during an outage was not known before what it owed was fired."""


def terms_of_today(**others) -> Terms:
    """Return terms of 20 seconds, where nothing else is said; the seed may be given from outside."""
    return Terms(**{"seed": int(os.environ.get("NEMESIS_SEED", SEED)), "seconds": 20, "each": 1.5, **others})


@pytest.mark.parametrize("driver", ATTACKED)
def test_three_schedulers_lose_and_double_nothing_whatever_befalls_them_and_their_store(driver, tmp_path):
    story = disturb(driver, tmp_path, terms_of_today(rate=100))
    assert story.holds, str(story)
    assert story.verdict.traced > 1500, str(story)


def _kill_with_workers(folder, seconds):
    terms = terms_of_today(seconds=seconds, rate=20, kinds=WITH_WORKERS)
    story = disturb("sqlite", folder, terms, schedulers=1, workers=2)
    assert story.holds, str(story)
    assert story.verdict.traced > 20 * seconds, str(story)
    # Running is at least once: only what a killed process had in hand may run again.
    assert story.verdict.repeats <= 2 * len(story.acts), str(story)


def test_what_is_emitted_runs_though_schedulers_and_workers_are_killed(tmp_path):
    _kill_with_workers(tmp_path, 20)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_what_is_emitted_runs_also_after_a_hundred_rounds_of_kill_9(tmp_path):
    _kill_with_workers(tmp_path, 150)
