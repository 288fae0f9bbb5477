import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules.crontab_rule import read_crontab


def rule(text):
    return read_crontab(text.split(), text)


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("0 8 1 * mon", False),
        ("0 8 1-31 * mon", False),
        ("0 8 * * mon", True),
        ("0 8 */2 * mon", True),
        ("0 8 1 * */2", True),
        ("0 8 *,5 * mon", True),
        ("0 8 1-7 * &mon", True),
    ],
)
def test_a_star_or_an_ampersand_demands_both_days(text, both):
    assert rule(text).both is both


@pytest.mark.parametrize(
    ("text", "elapsed"),
    [
        ("* 8 * * *", True),
        ("*/5 8 * * *", True),
        ("0 * * * *", True),
        ("30 */2 * * *", True),
        ("30 2 * * *", False),
        ("0-59 0-23 * * *", False),
        ("* 30 2 * * *", False),
    ],
)
def test_a_star_in_minute_or_hour_follows_elapsed_time(text, elapsed):
    assert rule(text).follows_elapsed_time is elapsed


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0 8 * * MON-FRI", "0 8 * * mon-fri"),
        ("0 0 8 * * *", "0 8 * * *"),
        ("30 0 8 * * *", "30 0 8 * * *"),
        ("0 8 1-7 * &1", "0 8 1-7 * &mon"),
        ("0 8 * * &mon", "0 8 * * mon"),
        ("0 8 */2 * &mon", "0 8 */2 * mon"),
    ],
)
def test_a_rule_has_one_text(text, canonical):
    assert str(rule(text)) == canonical
    assert rule(canonical) == rule(text)


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 30,31 feb *", "0 0 31 4,6,9,11 *", "0 0 31 2 &mon"])
def test_a_day_that_no_month_has_is_refused(text):
    with pytest.raises(InvalidScheduleError, match=r"it can never fire: day 3\d never comes in"):
        rule(text)


@pytest.mark.parametrize("text", ["0 0 29 2 *", "0 0 31 2,3 *", "0 0 31 2 mon", "0 0 29-31 2 *"])
def test_a_day_that_comes_at_last_is_taken(text):
    rule(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 8 * *", "found 4; write '0 8 * * *'"),
        ("0 8", "found 2; write '0 8 * * *'"),
        ("0 0 0 * * * 2026", "7 fields (with years) is not in this version"),
        ("0 0 0 0 0 * * *", "found 8"),
        ("0 8 * * mon,", "day of week 'mon,' has an empty part"),
        ("0 8 &1 * *", "day of month '&1'"),
    ],
)
def test_a_wrong_number_of_fields_is_refused_with_the_right_one(text, said):
    with pytest.raises(InvalidScheduleError) as caught:
        rule(text)
    assert said in str(caught.value)
    assert repr(text) in str(caught.value)
