"""Celery's own parser is the judge of what its fields say."""

import pytest
from celery.schedules import crontab_parser
from hypothesis import given
from hypothesis import strategies as st

from beatd.app.importing.celery_crontab import FIELDS, celery_values, crontab_text
from beatd.core.field_values import FieldError
from beatd.schedules.crontab.fields import DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH

KINDS = [MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK]
WORDS = st.sampled_from(
    ["0", "1", "5", "7", "12", "23", "31", "59", "60", "mon", "sunday", "JAN", "decem", "marx", "x", ""]
)
ITEMS = st.one_of(
    WORDS,
    st.just("*"),
    st.builds("*/{}".format, st.integers(0, 70)),
    st.builds("{}-{}".format, WORDS, WORDS),
    st.builds("{}-{}/{}".format, WORDS, WORDS, st.integers(0, 70)),
    st.builds("{}/{}".format, WORDS, st.integers(0, 9)),
)


def judged(kind, text):
    """Return what Celery reads, None where it refuses."""
    try:
        return crontab_parser(kind.high - kind.low + 1, kind.low).parse(text)
    except (ValueError, crontab_parser.ParseException):
        return None


@given(st.sampled_from(KINDS), st.lists(ITEMS, min_size=1, max_size=3).map(",".join))
def test_a_field_has_the_values_that_celery_reads(kind, text):
    try:
        found = celery_values(kind, text)
    except ValueError:
        found = None
    assert found == judged(kind, text)


def fields(**given):
    return {**dict.fromkeys(FIELDS, "*"), **given}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "* * * * *"),
        ({"minute": "*/15", "hour": "8-17", "day_of_week": "mon-fri"}, "*/15 8-17 * * mon-fri"),
        ({"minute": "0", "hour": "0", "day_of_month": "13", "day_of_week": "fri"}, "0 0 13 * &fri"),
        ({"minute": "*/90"}, "0 * * * *"),
        ({"minute": " 0, 30 "}, "0,30 * * * *"),
        ({"minute": None, "hour": ""}, "* * * * *"),
        ({"day_of_week": "sundae"}, "* * * * sun"),
    ],
)
def test_a_crontab_is_told_with_celerys_rule_of_days(given, wanted):
    notes = []
    text = crontab_text(fields(**given), notes)
    assert text == wanted
    assert notes == []


@pytest.mark.parametrize("given", [{"day_of_week": "7"}, {"day_of_week": "5-7"}, {"minute": "5/20"}])
def test_what_celery_cannot_read_but_beatd_can_is_read_and_told(given):
    notes = []
    assert crontab_text(fields(**given), notes) in ("* * * * sun", "* * * * fri-sun", "5,25,45 * * * *")
    assert "Celery cannot read it, so that its beat never fired this entry; beatd does" in notes[0]


@pytest.mark.parametrize(
    "given", [{"minute": "60"}, {"hour": "L"}, {"day_of_month": "L"}, {"minute": "H"}, {"hour": "x"}]
)
def test_what_neither_can_read_is_refused(given):
    with pytest.raises(FieldError, match="Celery cannot read"):
        crontab_text(fields(**given), [])


def test_a_day_that_never_comes_is_refused():
    with pytest.raises(FieldError, match="it can never fire"):
        crontab_text(fields(day_of_month="30", month_of_year="2"), [])
