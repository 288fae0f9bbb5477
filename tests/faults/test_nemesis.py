"""Schedulers that are killed, stopped, restarted and cut off, on stores that fare no better; the judge says what held.

``NEMESIS_SEED`` repeats what a failure printed.
"""

import os
import random

import pytest

from tests.faults.nemesis import WITH_WORKERS, disturb
from tests.faults.stores import ATTACKED

pytestmark = pytest.mark.slow


def _seed() -> int:
    return int(os.environ.get("NEMESIS_SEED", random.SystemRandom().randrange(1 << 32)))


@pytest.mark.parametrize("driver", ATTACKED)
def test_three_schedulers_lose_and_double_nothing_whatever_befalls_them_and_their_store(driver, tmp_path):
    story = disturb(driver, tmp_path, seed=_seed(), seconds=20, rate=100, each=1.5)
    assert story.holds, str(story)
    assert story.verdict.traced > 1500, str(story)


def _kill_with_workers(folder, seconds):
    story = disturb(
        "sqlite", folder, seed=_seed(), seconds=seconds, rate=20, kinds=WITH_WORKERS, schedulers=1, workers=2, each=1.5
    )
    assert story.holds, str(story)
    assert story.verdict.traced > 20 * seconds, str(story)
    # Running is at least once: only what a killed process had in hand may run again.
    assert story.verdict.repeats <= 2 * len(story.acts), str(story)


def test_what_is_emitted_runs_though_schedulers_and_workers_are_killed(tmp_path):
    _kill_with_workers(tmp_path, 20)


@pytest.mark.timeout(400)
def test_what_is_emitted_runs_also_after_a_hundred_rounds_of_kill_9(tmp_path):
    _kill_with_workers(tmp_path, 150)
