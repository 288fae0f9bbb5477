"""cronsim as another judge, where it and the written rule mean the same: in UTC, days as Debian's cron takes them.

Where they part is told, case by case, in ``test_known_differences.py``: cronsim has no wrapped ranges, ``?``, ``&``,
``W`` and ``L-n``, and takes ``1/3`` of the weekdays up to 7, which is Sunday.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from cronsim import CronSim, CronSimError

from beatd.schedules import parse
from tests.schedules.expressions import crontab
from tests.schedules.possible import possible

BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
QUICK, MANY = 500, 4000


def _agree(text, start, number=6):
    schedule, moment = parse(text), start
    for fire in islice(CronSim(text, start), number):
        moment = schedule.next_after(moment)
        assert moment == fire, (text, start)
    moment = start
    for fire in islice(CronSim(text, start, reverse=True), number):
        moment = schedule.last_before(moment)
        assert moment == fire, (text, start)


def _run(seed, number):
    draw, judged, left_out = random.Random(seed), 0, 0
    while judged < number:
        text = crontab(draw, near=(15, 29), seconds=draw.random() < 0.2)
        start = BEGINS + timedelta(seconds=draw.randrange(10 * 365 * 86_400))
        try:
            CronSim(text, start)
        except CronSimError:
            left_out += 1
            continue
        if re.search(r"(^|,)\w+/", text.split()[-1]):
            continue
        if possible(parse, text) is None:
            assert next(CronSim(text, start), None) is None
            continue
        _agree(text, start, 4)
        judged += 1
    assert left_out < 5 * number


def test_fires_forward_and_back_are_those_of_cronsim():
    _run("quick", QUICK)


@pytest.mark.slow
def test_so_are_those_of_thousands():
    _run("many", MANY)


@pytest.mark.parametrize(
    "text",
    [
        *("0 0 L * *", "0 0 LW * *", "0 0 LW,15 * *", "0 0 L * mon", "0 12 LW * fri#2", "0 0 L 2 *"),
        *(
            "0 0 * * fri#1",
            "0 0 * * mon#5",
            "0 0 13 * fri#2",
            "0 0 * * 5L",
            "0 0 * * 0L,3L",
            "0 0 * * 7L",
            "0 0 29 2 *",
        ),
        *(
            "0 0 */2 * mon",
            "0 0 1 * */2",
            "0 0 1,15 * mon",
            "0 0 * * 5-7",
            "0 0 * * 0-7",
            "0 0 31 * *",
            "0 0 * 2 mon#5",
        ),
    ],
)
def test_days_of_every_form_are_those_of_cronsim_through_the_years(text):
    _agree(text, BEGINS, 40)
