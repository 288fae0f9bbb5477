"""Celery's ``beat_cron_starting_deadline``, each situation of its suite by name, as our misfire policy and grace.

No deadline is our default: the newest missed fire is emitted, however old. A deadline is ``misfire = "all"`` with a
grace and a catch-up limit of one; what it drops is on record. The policies themselves are tested with the core.
"""

import time
from datetime import datetime, timedelta

import pytest

from beatd.core.entry import DAY, SECOND, Entry, Misfire, Version
from beatd.core.firing import Moment, decide, next_moment
from beatd.core.line import compiled
from beatd.core.record import Record
from beatd.core.settling import Rules
from beatd.schedules.moments import from_us, to_us

RULES = Rules("beatd", late_after=60 * SECOND)
HOUR = 3600 * SECOND


def us(text):
    return to_us(datetime.fromisoformat(text + "+00:00"))


def at_start(schedule, last_run, now, *, deadline=None, timezone="UTC"):
    """Return (moments emitted, moments dropped, the next fire) of a scheduler that starts at ``now``."""
    policy = {} if deadline is None else {"misfire": Misfire.ALL, "grace": deadline, "catch_up_limit": 1}
    entry = Entry(name="e", task="t", schedule=schedule, timezone=timezone, **policy)
    line = [compiled(Version(name="e", number=1, changed_at=us(last_run) - DAY, fingerprint=7, entry=entry))]
    run = us(last_run)
    record = Record(seq=1, generation=1, version=1, fingerprint=7, since=run, cursor=run)
    item = decide("e", line, record, Moment(us(now), 2), RULES)
    settled = record if item is None else item.record
    emitted = [] if item is None else [f"{from_us(each.fire_time):%m-%dT%H:%M}" for each in item.emissions]
    dropped = 0 if item is None else sum(each.count for each in item.dispositions)
    following = next_moment(line, settled, us(now))
    return emitted, dropped, f"{from_us(following):%m-%dT%H:%M}"


MISSED = ("0 8 * * *", "2026-03-01T08:00:00")


@pytest.mark.parametrize(
    ("deadline", "now", "wanted"),
    [
        pytest.param(None, "2026-03-02T11:00", (["03-02T08:00"], 0, "03-03T08:00"), id="none: what is late fires"),
        pytest.param(None, "2026-03-09T11:00", (["03-09T08:00"], 7, "03-10T08:00"), id="none: the newest of several"),
        pytest.param(4 * HOUR, "2026-03-02T11:00", (["03-02T08:00"], 0, "03-03T08:00"), id="within: fires"),
        pytest.param(2 * HOUR, "2026-03-02T11:00", ([], 1, "03-03T08:00"), id="outside: does not, the next is ahead"),
        pytest.param(
            4 * HOUR, "2026-03-09T11:00", (["03-09T08:00"], 7, "03-10T08:00"), id="several, the newest within"
        ),
        pytest.param(2 * HOUR, "2026-03-09T11:00", ([], 8, "03-10T08:00"), id="several, the newest outside"),
        pytest.param(3 * HOUR, "2026-03-02T11:00", (["03-02T08:00"], 0, "03-03T08:00"), id="on the boundary: fires"),
        pytest.param(3 * HOUR, "2026-03-02T11:00:01", ([], 1, "03-03T08:00"), id="a second beyond the boundary"),
        pytest.param(4 * HOUR, "2026-03-02T07:59", ([], 0, "03-02T08:00"), id="nothing missed: nothing to do"),
    ],
)
def test_a_deadline(deadline, now, wanted):
    schedule, last_run = MISSED
    assert at_start(schedule, last_run, now, deadline=deadline) == wanted


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        pytest.param("2026-03-01T14:30", (["03-01T14:00"], 0, "03-01T22:00"), id="the short stretch"),
        pytest.param("2026-03-02T06:30", ([], 2, "03-02T12:00"), id="the long stretch: too old"),
        pytest.param("2026-03-02T12:10", (["03-02T12:00"], 2, "03-02T14:00"), id="after the long stretch"),
    ],
)
def test_a_deadline_with_a_crontab_that_is_not_uniform(now, wanted):
    assert at_start("0 12,14,22 * * *", "2026-03-01T12:00:00", now, deadline=HOUR) == wanted


def test_a_deadline_counts_from_the_fire_in_the_entrys_zone():
    terms = {"deadline": 2 * HOUR, "timezone": "America/New_York"}
    assert at_start("0 8 * * *", "2026-03-01T13:00:00", "2026-03-02T14:30", **terms)[0] == ["03-02T13:00"]
    assert at_start("0 8 * * *", "2026-03-01T13:00:00", "2026-03-02T15:30", **terms)[0] == []
    # On 8 March the clocks go forward: 08:00 there is 12:00 UTC.
    assert at_start("0 8 * * *", "2026-03-07T13:00:00", "2026-03-08T13:59", **terms)[0] == ["03-08T12:00"]


@pytest.mark.parametrize("schedule", ["* * * * *", "*/7 * * * * *", "every 1s", "0 8 * * mon-fri"])
def test_a_very_old_last_run_is_cheap(schedule):
    started = time.process_time()
    emitted, dropped, _ = at_start(schedule, "1990-01-01T00:00:00", "2026-03-02T08:00", deadline=HOUR)
    assert len(emitted) == 1
    assert dropped > timedelta(days=36 * 365).days // 2
    assert time.process_time() - started < 1
