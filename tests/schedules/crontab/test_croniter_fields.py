"""Which crontabs croniter 7 takes as we do, and which it means otherwise or cannot say: docs/schedules.md cites these.

Compared by their fires in UTC, croniter with ``implement_cron_bug=True`` (the day rule of Vixie and Debian cron).
"""

from datetime import UTC, datetime

import pytest
from croniter import CroniterError, croniter

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse

START = datetime(2026, 11, 21, 3, 33, 33, tzinfo=UTC)
NUMBER = 60


def ours(text, number=NUMBER):
    schedule, moment, found = parse(text, Terms(name="backup")), START, []
    while len(found) < number and (moment := schedule.next_after(moment)) is not None:
        found.append(moment)
    return found


def theirs(text, number=NUMBER, **options):
    judge = croniter(text, START, **{"implement_cron_bug": True, "second_at_beginning": True, **options})
    return [judge.get_next(datetime) for _ in range(number)]


@pytest.mark.parametrize(
    "text",
    [
        *("*/5 * * * *", "5/20 * * * *", "*/59 * * * *", "08 * * * *", "5,*/20 * * * *", "0,5,10-20/2 * * * *"),
        *("0 22-2 * * *", "0 9-17/4,20 * * *", "0 */23 * * *"),
        *("0 8 30-2 * *", "0 0 28-3/2 * *", "0 8 ? * ?", "0 8 5 * ?", "0 8 ? * mon"),
        *("0 0 1 nov-feb *", "0 0 * 11-3/2 *", "0 0 1 JAN,jun *"),
        *(
            "0 8 * * 7",
            "0 8 * * 5-7",
            "0 8 * * fri-mon",
            "0 8 * * 6-0",
            "0 0 * * 5-2/2",
            "0 0 * * mon/2",
            "0 0 * * 7-2",
        ),
        *("0 8 13 * fri", "0 8 */2 * mon", "0 8 13 * */2"),
        *("0 8 L * *", "0 8 1,L * *", "0 8 L 2 *", "0 8 L * mon", "0 8 1W * *", "0 8 15W * *", "0 8 28W * *"),
        *("0 8 * * fri#2", "0 8 * * 5#2", "0 8 * * fri#5", "0 8 * * mon#1,fri#3", "0 8 * * sun#1"),
        *("30 0 8 * * *", "*/20 * * * * *", "0 0 8 29 2 * 2028-2099", "0 0 8 1 1 * 2030-2099/3"),
    ],
)
def test_these_croniter_takes_as_we_do(text):
    found = ours(text)
    assert found == theirs(text, len(found))


@pytest.mark.parametrize(("our_text", "their_text"), [("0 8 * * friL", "0 8 * * L5"), ("0 8 * * 7L", "0 8 * * L7")])
def test_these_croniter_writes_otherwise(our_text, their_text):
    assert ours(our_text) == theirs(their_text)
    with pytest.raises(CroniterError):
        theirs(our_text)
    with pytest.raises(InvalidScheduleError):
        ours(their_text)


@pytest.mark.parametrize(
    ("text", "our_first", "their_first"),
    [
        # An equal range is one value; croniter takes it for the whole field.
        ("5-5 * * * *", "2026-11-21T04:05", "2026-11-21T03:34"),
        ("0 8 * * 0-0", "2026-11-22T08:00", "2026-11-21T08:00"),
        # A step goes on where a range wraps; croniter begins it anew or drops values.
        ("0 20-5/3 * * *", "2026-11-21T05:00", "2026-11-21T20:00"),
        ("50-10/20 * * * *", "2026-11-21T03:50 2026-11-21T04:10", "2026-11-21T03:50 2026-11-21T04:50"),
        # A day that a short month does not have has no nearest weekday; croniter takes that of the last day.
        ("0 8 31W * *", "2026-12-31T08:00", "2026-11-30T08:00"),
        ("0 8 29W 2 *", "2028-02-29T08:00", "2027-02-26T08:00"),
        # Either day field will do where neither starts with a star; with W or # croniter demands both.
        ("0 8 15W * mon", "2026-11-23T08:00", "2026-12-15T08:00"),
        ("0 8 1 * mon#1", "2026-12-01T08:00", "2026-12-07T08:00"),
        # An H falls elsewhere: the hash is another one.
        ("H H * * *", "2026-11-21T16:38", "2026-11-21T06:24"),
        # With a hash croniter's aliases are hashed too; ours are what cron has.
        ("@daily", "2026-11-22T00:00", "2026-11-21T06:24"),
    ],
)
def test_these_croniter_means_otherwise(text, our_first, their_first):
    number = len(our_first.split())
    options = {"hash_id": "backup", "second_at_beginning": False} if text[0] in "H@" else {}
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in ours(text, number)] == our_first.split()
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in theirs(text, number, **options)] == their_first.split()


def test_the_day_rule_of_cron_is_an_option_of_croniter_and_the_rule_here():
    plain = theirs("0 8 */2 * mon", implement_cron_bug=False)
    assert plain != ours("0 8 */2 * mon") == theirs("0 8 */2 * mon")


def test_seconds_come_last_in_croniter_unless_it_is_told():
    found = ours("30 0 8 * * *")
    assert found == theirs("0 8 * * * 30", second_at_beginning=False)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 8 L-2 * *", "2026-11-28T08:00"),
        ("0 8 LW * *", "2026-11-30T08:00"),
        ("0 8 1,15W * *", "2026-12-01T08:00"),
        ("0 8 1W,15W * *", "2026-12-01T08:00"),
        ("0 8 * * mon,fri#2", "2026-11-23T08:00"),
        ("0 8 * * mon#1,friL", "2026-11-27T08:00"),
        ("0 8 1-7 * &mon", "2026-12-07T08:00"),
        ("0 8 L * &friL", "2027-04-30T08:00"),
        ("0 8 1 January *", "2027-01-01T08:00"),
        ("0 8 * * Sunday", "2026-11-22T08:00"),
    ],
)
def test_these_croniter_cannot_say(text, first):
    assert f"{ours(text, 1)[0]:%Y-%m-%dT%H:%M}" == first
    with pytest.raises(CroniterError):
        theirs(text, 1)


@pytest.mark.parametrize(
    ("text", "said", "their_first"),
    [
        ("*/90 * * * *", "step 90", "2026-11-21T04:00"),
        ("*/60 * * * *", "step 60", "2026-11-21T04:00"),
        ("0 */24 * * *", "step 24", "2026-11-22T00:00"),
        ("9-12/4 * * * *", "step 4", "2026-11-21T04:09"),
        ("1-1/5 * * * *", "nothing to step to", "2026-11-21T03:35"),
        ("R 0 * * *", "'R' does not begin a schedule", None),
        ("0 0 0 1 1 * 2098-2030", "year '2098-2030'", None),
    ],
)
def test_these_croniter_takes_and_we_refuse(text, said, their_first):
    found = theirs(text, 1)
    assert their_first in (None, f"{found[0]:%Y-%m-%dT%H:%M}")
    with pytest.raises(InvalidScheduleError, match=said):
        ours(text)


@pytest.mark.parametrize("text", ["0 8 30 2 *", "0 8 31 4,6 *", "0 8 31 2 *"])
def test_what_never_fires_croniter_takes_and_cannot_find(text):
    judge = croniter(text, START)
    with pytest.raises(CroniterError):
        judge.get_next(datetime)
    with pytest.raises(InvalidScheduleError, match="it can never fire"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        *("٣ * * * *", "1٣ * * * *", "*/٣ * * * *", "1,,2 * * * *", "*-5 * * * *", "60 * * * *", "? * * * *"),
        *("0 8 ?,1 * *", "0 8 * * fri#6", "0 8 * * L", "0 0 0 1 1 * 1969", "0 0 0 1 1 * 2100", "0 0 0 0 *"),
    ],
)
def test_these_neither_takes(text):
    with pytest.raises(CroniterError):
        theirs(text, 1)
    with pytest.raises(InvalidScheduleError):
        ours(text)
