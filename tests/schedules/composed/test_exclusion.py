import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.composition.exclusion import parse_exclude

OFFICE = read_calendar("office", {"closed": ["sat", "sun"]})
CALENDARS = {"office": OFFICE, "Berlin office": read_calendar("Berlin office", {"closed": ["sun"]})}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("dates 2026-12-24", "dates 2026-12-24"),
        ("DATES 2026-12-24 .. 2026-12-31", "dates 2026-12-24..2026-12-31"),
        ("dates 2026-12-24..2026-12-24", "dates 2026-12-24"),
        ("calendar  Berlin   office", "calendar Berlin office"),
        ("@hourly|every 60m", "0 * * * * | every 1h"),
        ("0 8 * * *", "0 8 * * *"),
        ("0 0 8 * * *", "0 0 8 * * *"),
        ("cron 30 0 8 * * *", "30 0 8 * * *"),
        ("calendar office | calendar office", "calendar office"),
        (["dates 2026-12-24", "0 8 * * *"], "dates 2026-12-24 | 0 8 * * *"),
        ("at 2026-12-24T18:00 | sunset 52.52 13.4", "at 2026-12-24T18:00 | sunset 52.52 13.4"),
    ],
)
def test_the_canonical_text_reads_back_equal(text, canonical):
    terms = Terms(timezone="Europe/Paris")
    exclusion = parse_exclude(text, terms, CALENDARS)
    assert str(exclusion) == canonical
    again = parse_exclude(canonical, terms, CALENDARS)
    assert again == exclusion
    assert hash(again) == hash(exclusion)


def test_days_and_moments_are_kept_apart():
    exclusion = parse_exclude("dates 2026-12-24 | calendar office | 0 8 * * * | every 1h", Terms(), CALENDARS)
    assert exclusion.closed.has(20_811)  # 2026-12-24
    assert [str(cron) for cron in exclusion.crons] == ["* 0 8 * * *"]
    assert exclusion.moments == (parse("every 1h"),)
    assert parse_exclude("every 1h", Terms(), {}).closed is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ([], "it is empty"),
        ("dates 2026-12-24 |", "no rule on one side"),
        ("dates", "takes a day or a run of days"),
        ("dates 2026-02-30", "day is out of range"),
        ("dates tomorrow", "'tomorrow' is not a date"),
        ("dates 2026-12-31..2026-12-24", "ends before it begins"),
        ("calendar", "takes the name of a calendar"),
        ("calendar ofice", "there is no calendar 'ofice'; known: office"),
        ("calendar zzz", "known: Berlin office, office"),
        ("61 0 * * *", "minute '61'"),
        ("every monday", "every monday"),
        ("x" * 10_001, "at most 10000 are read"),
        (5, "exclude is a text or a list of texts"),
        ([5], "exclude is a text or a list of texts"),
    ],
)
def test_a_wrong_exclusion_is_refused(text, said):
    with pytest.raises(InvalidScheduleError) as caught:
        parse_exclude(text, Terms(), CALENDARS)
    assert said in str(caught.value)


def test_without_any_calendar_it_says_how_to_define_one():
    with pytest.raises(InvalidScheduleError, match=r"none is defined; define it as \[calendars.office\]"):
        parse_exclude("calendar office", Terms(), {})


def test_a_wrong_zone_is_refused():
    with pytest.raises(InvalidScheduleError, match="unknown time zone"):
        parse_exclude("0 8 * * *", Terms(timezone="Europe/Pari"), {})
