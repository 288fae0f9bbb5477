import re

import pytest

from beatd.app.importing.crontab_fields import nickname_times, times
from beatd.schedules import Terms, parse


@pytest.mark.parametrize(
    "text",
    ["*/15 9-17 * * mon-fri", "0 0 13 * 5", "0 0 */2 * 5", "0 0 * * 5-7", "0 0 13 * 0-6", "*,5 * * * *", "0 0 1 JAN *"],
)
def test_what_both_read_alike_stays_as_it_is_written(text):
    found = times(text.split())
    assert found.text == text
    assert found.notes == []


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        ("*/90 * * * *", "0 * * * *", "minute '*/90': the step is longer than the range"),
        ("5/20 * * * *", "5 * * * *", "minute '5/20': cron takes the one value 5 and no step"),
        ("0 0 */40 * 5", "0 0 1 * &5", "day of month '*/40': the step is longer"),
        ("0~30 3 * * *", "H(0-30) 3 * * *", "minute '0~30': cron draws the value anew at each start"),
        ("~ 3 * * *", "H(0-59) 3 * * *", "H(0-59) draws it once, from the name"),
        ("0 0 1~31 * *", "0 0 H(1-28) * *", "day of month '1~31'"),
    ],
)
def test_what_beatd_would_read_otherwise_is_written_out_and_told(text, wanted, said):
    found = times(text.split())
    assert found.text == wanted
    assert said in " ".join(found.notes)
    parse(found.text, Terms(name="x"))


def test_sunday_as_seven_in_a_step_is_sunday():
    assert times(["0", "0", "*", "*", "*/7"]).text == "0 0 * * 0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("60 * * * *", "minute '60' is out of range 0-59"),
        ("0 24 * * *", "hour '24' is out of range 0-23"),
        ("0 0 0 * *", "day of month '0' is out of range 1-31"),
        ("0 0 * 13 *", "month '13' is out of range 1-12"),
        ("0 0 * * 8", "day of week '8' is out of range 0-7"),
        ("0 22-2 * * *", "hour '22-2': cron refuses a range that runs downwards"),
        ("*/0 * * * *", "minute '*/0': a step is 1 or more"),
        ("L * * * *", "minute 'L' is not a value, a range a-b, a step */n or a list of them"),
        ("0 0 * * fri#2", "day of week 'fri#2' is not a value"),
        ("H 3 * * *", "minute 'H' is not a value"),
        ("0 0 * mon *", "month 'mon' is not a number 1-12"),
        ("1,,2 * * * *", "minute '' is not a value"),
        ("*-5 * * * *", "minute '*-5' is not a value"),
        ("a~b * * * *", "minute 'a~b' is not a range to draw from"),
        ("30~5 * * * *", "minute '30~5': cron refuses a range that runs downwards"),
        (f"{'1,' * 600}2 * * * *", "minute has 1201 characters; at most 1000 are read"),
    ],
)
def test_what_cron_refuses_is_refused_with_field_value_and_reason(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        times(text.split())


def test_nicknames_stand_for_their_fields():
    assert nickname_times("@Weekly").text == "0 0 * * 0"
    assert nickname_times("@every_minute").text == "* * * * *"


@pytest.mark.parametrize(("word", "said"), [("@reboot", "when the host starts"), ("@600", "'@600' is unknown to cron")])
def test_other_words_are_refused(word, said):
    with pytest.raises(ValueError, match=said):
        nickname_times(word)
