import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules.crontab.rule import read_crontab


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
        ("0 8 ? * mon", True),
        ("0 8 1 * ?", True),
        ("0 8 L * mon", False),
        ("0 8 H * mon", False),
        ("0 8 1 * H", False),
        ("0 8 L * &friL", True),
        ("0 0 8 1-7 * &mon 2026", True),
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
        ("H * * * *", True),
        ("H/15 8 * * *", False),
        ("H H * * *", False),
        ("* 30 2 * * * 2026", False),
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
        ("0 8 ? * MON#1", "0 8 * * mon#1"),
        ("0 8 lw * ?", "0 8 LW * *"),
        ("h H(0-7) h * &1-5", "H H(0-7) H * &mon-fri"),
        ("0 0 8 * * * *", "0 8 * * *"),
        ("0 0 8 * * * 2026", "0 0 8 * * * 2026"),
        ("0 0 8 * * ? 1970-2099", "0 0 8 * * * 1970-2099"),
        ("5 0 8 1-7 * &1 */2", "5 0 8 1-7 * &mon */2"),
    ],
)
def test_a_rule_has_one_text(text, canonical):
    assert str(rule(text)) == canonical
    assert rule(canonical) == rule(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 0 30 2 *", "no day of feb is 30; write 'L' for the last day of a month"),
        ("0 0 30,31 feb *", "no day of feb is 30,31; write 'L'"),
        ("0 0 31 4,6,9,11 *", "no day of apr, jun, sep, nov is 31; write 'L'"),
        ("0 0 31 2 &mon", "no day of feb is 31 and mon"),
        ("0 0 31W 2 *", "no day of feb is 31W"),
        ("0 0 L-30 feb *", "no day of feb is L-30"),
        ("0 0 1 * &fri#2", "no day of any month is 1 and fri#2"),
        ("0 0 0 29 2 * 2025-2027", "no day of feb in 2025-2027 is 29"),
        ("0 0 0 29 2 &thu 2096", "no day of feb in 2096 is 29 and thu"),
        ("0 0 0 ? 2 fri#5 2025,2029", "no day of feb in 2025,2029 is fri#5"),
        ("0 0 0 30 2 fri#5 2025", "no day of feb in 2025 is 30 or fri#5"),
    ],
)
def test_a_day_that_never_comes_is_refused_with_the_reason(text, said):
    with pytest.raises(InvalidScheduleError) as caught:
        rule(text)
    assert f"it can never fire: {said}" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0 0 29 2 *",
            "0 0 31 2,3 *",
            "0 0 31 2 mon",
            "0 0 29-31 2 *",
            "0 0 31W 2,3 *",
            "0 0 L-28 2 *",
            "0 0 29W 2 *",
        ),
        *("0 0 0 29 2 * 2028", "0 0 0 29 2 &wed 2096", "0 0 ? 2 fri#5", "0 0 30 2 fri#5", "0 0 7 * &fri#1"),
    ],
)
def test_a_day_that_comes_at_last_is_taken(text):
    rule(text)


def test_a_name_decides_the_hashed_fields_only():
    written = rule("H 8 H * &H(1-5) ")
    assert written.hashed
    for name in ("a", "b", "c"):
        found = written.under(name)
        assert not found.hashed
        assert (found.hour, found.month, found.both) == (written.hour, written.month, True)
        assert all(field.mask.bit_count() == 1 for field in (found.minute, found.day_of_month, found.day_of_week))
        assert found == written.under(name)
    plain = rule("0 8 * * *")
    assert plain.under("a") is plain


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 8 * *", "found 4; write '0 8 * * *'"),
        ("0 8", "found 2; write '0 8 * * *'"),
        ("0 8 * * * 2026", "with years there are 7 fields, seconds first; write '0 0 8 * * * 2026'"),
        ("0 8 * * ? 2026-2030", "write '0 0 8 * * ? 2026-2030'"),
        ("0 0 0 0 0 * * *", "7 with years last; found 8"),
        ("0 0 8 * * mon 1969", "year '1969' is out of range 1970-2099"),
        ("0 8 * * mon,", "day of week 'mon,' has an empty part"),
        ("0 8 &1 * *", "day of month '&1'"),
    ],
)
def test_a_wrong_number_of_fields_is_refused_with_the_right_one(text, said):
    with pytest.raises(InvalidScheduleError) as caught:
        rule(text)
    assert said in str(caught.value)
    assert repr(text) in str(caught.value)
