"""Workers that are killed, stopped, restarted and cut off, on brokers that fare no better; the judge says what held.

The plan is the same each time; ``make soak WHAT=worker`` makes new ones, and ``NEMESIS_SEED`` repeats what a failure
printed.
"""

import pytest

from tests.faults.test_nemesis import terms_of_today
from tests.faults.worker.attack import ATTACKED, disturb_workers

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("driver", ATTACKED)
def test_every_message_ends_once_whatever_befalls_workers_and_their_broker(driver, tmp_path):
    story = disturb_workers(driver, tmp_path, terms_of_today(rate=40))
    assert story.holds, str(story)
    assert sum(story.verdict.ends.values()) > 250, str(story)
    # What the acts explain is the most that there can be, each at its worst moment; at random most cost nothing.
    assert story.verdict.repeats <= len(story.acts), str(story)
    print(story)  # noqa: T201  the counts, for who runs it with -s
