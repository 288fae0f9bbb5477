"""Where croniter 7, cronsim 2.8 and the written rule part: what each of the three says, so that a change is noticed.

Asked for the first fire after 2026-11-21T03:33:33Z, a Saturday. "refused" is an error of the library's own, "never"
that it takes the text and finds no fire.
"""

from datetime import UTC, datetime

import pytest
from croniter import CroniterBadDateError, CroniterError, croniter
from cronsim import CronSim, CronSimError

from beatd.errors import InvalidScheduleError
from beatd.schedules import parse

START = datetime(2026, 11, 21, 3, 33, 33, tzinfo=UTC)

# text, why, ours, croniter, cronsim
DIFFERENCES = [
    ("0 0 15 * fri#2", "croniter: a weekday with # demands the day of month too", "12-11", "never", "12-11"),
    ("0 0 15W * fri", "croniter: so does a day with W", "11-27", "12-15", "refused"),
    ("0 0 29W 2 *", "croniter: nearest to the last, the 28th", "2028-02-29", "2027-02-26", "refused"),
    ("0 0 31W 2,3 *", "the same", "2027-03-31", "2027-02-26", "refused"),
    ("0 10-10 * * *", "croniter: a range of one value is the whole field", "11-21T10:00", "11-21T04:00", "11-21T10:00"),
    ("0 0 * * mon-1", "the same with names", "11-23", "11-22", "11-23"),
    ("0 23-4/4 * * *", "croniter: steps begin anew at 0", "11-21T23:00", "11-21T04:00", "refused"),
    ("0 0 29 * mon,*", "croniter: any star in a list counts", "11-22", "11-29", "11-22"),
    ("0 0 1 * 1,0-6", "croniter: not where the list names every day one by one", "11-22", "11-22", "11-22"),
    ("0 0 * * 1/3", "cronsim: counts up to 7, Sunday", "11-23", "11-23", "11-22"),
    ("0 0 L-3 * *", "ours alone", "11-27", "refused", "refused"),
    ("0 0 LW * *", "not croniter's", "11-30", "refused", "11-30"),
    ("0 0 L,LW * *", "not croniter's", "11-30", "refused", "11-30"),
    ("0 0 15W * *", "not cronsim's", "12-15", "12-15", "refused"),
    ("0 0 1W,15W * *", "ours alone: W in a list", "12-01", "refused", "refused"),
    ("0 0 * * friL", "ours alone: by name", "11-27", "refused", "refused"),
    ("0 0 * * 5L", "not croniter's", "11-27", "refused", "11-27"),
    ("0 0 * * L5", "croniter's alone", "refused", "11-27", "refused"),
    ("0 0 * * fri#2,mon", "not croniter's: # beside a day", "11-23", "refused", "11-23"),
    ("0 0 ? * mon", "not cronsim's", "11-23", "11-23", "refused"),
    ("0 0 1-7 * &mon", "ours alone", "12-07", "refused", "refused"),
    ("0 22-2 * * *", "not cronsim's: wrapped ranges", "11-21T22:00", "11-21T22:00", "refused"),
    ("0 0 * * 7-2", "the same, from 7", "11-22", "11-22", "refused"),
    ("0 0 * * monday", "ours alone: full names", "11-23", "refused", "refused"),
    ("0 0 1 january *", "the same", "2027-01-01", "refused", "refused"),
    ("@daily", "not cronsim's", "11-22", "11-22", "refused"),
    ("H 0 * * *", "croniter: with a hash_id only", "11-22T00:51", "refused", "refused"),
    ("*/60 * * * *", "ours refuses a step beyond the range", "refused", "11-21T04:00", "11-21T04:00"),
    ("*/90 * * * *", "the same; every 90 minutes is 'every 90m'", "refused", "11-21T04:00", "11-21T04:00"),
    ("50-55/9 * * * *", "the same", "refused", "11-21T03:50", "11-21T03:50"),
    ("0 0 L/2 * *", "cronsim: the step is ignored", "refused", "refused", "11-30"),
    ("0 0 31 2 *", "nobody's", "refused", "never", "refused"),
    ("0 0 */15,21 * wed#2", "no second Wednesday is one of these", "refused", "never", "never"),
    ("30 15 8 * * mon", "croniter: seconds last", "11-23T08:15:30", "refused", "11-23T08:15:30"),
    ("0 0 0 1 1 * 2030", "croniter: with second_at_beginning only", "2030-01-01", "refused", "refused"),
    ("\u0663 0 * * *", "nobody's: digits are ASCII", "refused", "refused", "refused"),
]  # fmt: skip


def ours(text):
    return parse(text).next_after(START)


def croniters(text):
    return croniter(text, START, implement_cron_bug=True).get_next(datetime)


def cronsims(text):
    return next(CronSim(text, START))


def said(judge, text):
    try:
        return judge(text).replace(tzinfo=None)
    except (CroniterBadDateError, StopIteration):
        return "never"
    except (InvalidScheduleError, CroniterError, CronSimError):
        return "refused"


def moment(written):
    """Return the moment of ``12-11`` or ``11-23T08:15:30``, of 2026 where no year is given; words as they are."""
    if written in ("never", "refused"):
        return written
    return datetime.fromisoformat(written if written.startswith("20") else f"2026-{written}")


@pytest.mark.parametrize(("text", "why", "mine", "other", "third"), DIFFERENCES, ids=[row[0] for row in DIFFERENCES])
def test_each_of_the_three_says_what_is_written_here(text, why, mine, other, third):
    assert [said(judge, text) for judge in (ours, croniters, cronsims)] == list(map(moment, (mine, other, third))), why
