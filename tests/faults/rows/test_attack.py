"""Rows edited at random by plain SQL, while schedulers, their store and the table's server fare badly.

The plan is the same each time; ``make soak WHAT=rows`` makes new ones, and ``NEMESIS_SEED`` repeats what a failure
printed.
"""

import pytest

from tests.faults.rows.attack import ATTACKED, disturb_rows
from tests.faults.test_nemesis import terms_of_today

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("driver", ATTACKED)
def test_edits_lose_and_double_nothing_and_leave_nothing_to_a_former_version(driver, tmp_path):
    story = disturb_rows(driver, tmp_path, terms_of_today(rate=30))
    assert story.holds, str(story)
    assert story.verdict.traced > 500, str(story)
