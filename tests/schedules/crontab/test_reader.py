import pytest

from beatd.schedules.crontab.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    YEAR,
    Field,
    Hashed,
    Mark,
    bits,
    everything,
)
from beatd.schedules.crontab.reader import read_field


def numbers(kind, text):
    return list(bits(read_field(kind, text).mask))


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (MINUTE, "*/15", [0, 15, 30, 45]),
        (MINUTE, "5/20", [5, 25, 45]),
        (MINUTE, "50-10/20", [10, 50]),
        (MINUTE, "08", [8]),
        (HOUR, "22-2", [0, 1, 2, 22, 23]),
        (HOUR, "9-17/4,20", [9, 13, 17, 20]),
        (DAY_OF_MONTH, "*/10", [1, 11, 21, 31]),
        (DAY_OF_MONTH, "30-2", [1, 2, 30, 31]),
        (MONTH, "nov-feb", [1, 2, 11, 12]),
        (MONTH, "January,JUN", [1, 6]),
        (DAY_OF_WEEK, "fri-mon", [0, 1, 5, 6]),
        (DAY_OF_WEEK, "7", [0]),
        (DAY_OF_WEEK, "5-7", [0, 5, 6]),
        (DAY_OF_WEEK, "7-2", [0, 1, 2]),
        (DAY_OF_WEEK, "0-7", [0, 1, 2, 3, 4, 5, 6]),
        (DAY_OF_WEEK, "0-0", [0]),
        (DAY_OF_WEEK, "Sunday", [0]),
        (DAY_OF_WEEK, "mon/2", [1, 3, 5]),
        (YEAR, "2026,2028-2030", [2026, 2028, 2029, 2030]),
        (YEAR, "2026-2040/7", [2026, 2033, 2040]),
        (YEAR, "2090/3", [2090, 2093, 2096, 2099]),
        (YEAR, "1970,2099", [1970, 2099]),
    ],
)
def test_a_field_lets_through_what_it_says(kind, text, wanted):
    assert numbers(kind, text) == wanted


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (MINUTE, "60", "minute '60' is out of range 0-59"),
        (MINUTE, "5-61", "minute '61' in '5-61' is out of range 0-59"),
        (HOUR, "24", "hour '24' is out of range 0-23"),
        (DAY_OF_MONTH, "0", "day of month '0' is out of range 1-31"),
        (DAY_OF_MONTH, "32", "day of month '32' is out of range 1-31"),
        (MONTH, "13", "month '13' is out of range 1-12"),
        (MONTH, "0", "month '0' is out of range 1-12"),
        (DAY_OF_WEEK, "8", "day of week '8' is out of range 0-7"),
        (MINUTE, "*/90", "minute '*/90': step 90"),
        (MINUTE, "*/0", "step 0"),
        (HOUR, "9-12/4", "step 4 must lie between 1 and 3"),
        (MINUTE, "59/20", "minute '59/20': it names one value, from which there is nothing to step to"),
        (HOUR, "H(3-3)/2", "hour 'H(3-3)/2': it names one value, from which there is nothing to step to"),
        (MINUTE, "59/0", "step 0 must lie between 1 and 1"),
        (MINUTE, "-5", "minute '-5' is not a value"),
        (MINUTE, "1,,2", "minute '1,,2' has an empty part"),
        (MINUTE, "1,", "has an empty part"),
        (MINUTE, "5-", "minute '5-' is not a value"),
        (MINUTE, "*/", "minute '*/' is not a value"),
        (MINUTE, "*-5", "minute '*-5' is not a value"),
        (MINUTE, "1.5", "minute '1.5' is not a value"),
        (MINUTE, "٣", "minute '٣' is not a value"),
        (MINUTE, "mon", "minute 'mon' is not a number 0-59"),
        (DAY_OF_WEEK, "sunfoo", "day of week 'sunfoo' is not a number 0-6 or sun-sat"),
        (DAY_OF_WEEK, "mon-xyz", "day of week 'xyz' in 'mon-xyz' is not a number"),
        (MONTH, "mon", "month 'mon' is not a number 1-12 or jan-dec"),
        (YEAR, "1969", "year '1969' is out of range 1970-2099"),
        (YEAR, "2100", "year '2100' is out of range 1970-2099"),
        (YEAR, "26", "year '26' is out of range 1970-2099"),
        (YEAR, "2030-2026", "year '2030-2026': a range of years runs upwards"),
        (YEAR, "*/130", "step 130 must lie between 1 and 129"),
        (YEAR, "٢٠٢٦", "year '٢٠٢٦' is not a value"),
        (DAY_OF_MONTH, "1٣", "day of month '1٣' is not a value"),
        (DAY_OF_MONTH, "L-٣", "day of month 'L-٣' is not a value"),
        (DAY_OF_MONTH, "L-31", "the last day of a month less 31 is in no month; at most L-30"),
        (DAY_OF_MONTH, "L-40", "at most L-30"),
        (DAY_OF_MONTH, "32W", "day of month '32' in '32W' is out of range 1-31"),
        (DAY_OF_MONTH, "0W", "day of month '0' in '0W' is out of range 1-31"),
        (DAY_OF_MONTH, "W", "day of month 'W' is not a day of month as L, L-2, LW and 15W are"),
        (DAY_OF_MONTH, "5L", "friL are days of the week"),
        (DAY_OF_MONTH, "fri#2", "fri#2 and friL are days of the week"),
        (DAY_OF_MONTH, "L-2W", "is not a number 1-31, L, L-2, LW or 15W"),
        (DAY_OF_MONTH, "?,1", "day of month '?' stands alone, as the whole field"),
        (DAY_OF_MONTH, "?/2", "day of month '?/2' is not a value"),
        (DAY_OF_WEEK, "L", "day of week 'L' is not a day of the week as friL (the last)"),
        (DAY_OF_WEEK, "L5", "is not a day of the week as friL (the last)"),
        (DAY_OF_WEEK, "LW", "L, L-2, LW and 15W are days of month"),
        (DAY_OF_WEEK, "15W", "L, L-2, LW and 15W are days of month"),
        (DAY_OF_WEEK, "fri#6", "a month has a weekday at most five times; write #1 to #5"),
        (DAY_OF_WEEK, "fri#0", "write #1 to #5"),
        (DAY_OF_WEEK, "#0", "day of week '#0' is not a day of the week"),
        (DAY_OF_WEEK, "8#1", "day of week '8' in '8#1' is out of range 0-7"),
        (DAY_OF_WEEK, "9L", "day of week '9' in '9L' is out of range 0-7"),
        (DAY_OF_WEEK, "xyz#1", "day of week 'xyz' in 'xyz#1' is not a number"),
        (MINUTE, "?", "minute '?' stands in the day fields only; write '*'"),
        (HOUR, "?", "hour '?' stands in the day fields only; write '*'"),
        (HOUR, "L", "hour 'L' has L, W or #, which stand in the day fields only"),
        (MONTH, "5W", "month '5W' has L, W or #"),
        (MINUTE, "H()", "minute 'H()' is not an H: H, H(a-b), H/n or H(a-b)/n"),
        (MINUTE, "H(5)", "is not an H"),
        (MINUTE, "H(30-10)", "minute 'H(30-10)': the range of H runs upwards within 0-59"),
        (MINUTE, "H(0-60)", "minute '60' in 'H(0-60)' is out of range 0-59"),
        (MINUTE, "H/0", "minute 'H/0': step 0 must lie between 1 and 59"),
        (MINUTE, "H/60", "step 60 must lie between 1 and 59"),
        (MINUTE, "H(0-9)/10", "step 10 must lie between 1 and 9"),
        (MINUTE, "H-5", "minute 'h' in 'H-5' is not a number 0-59"),
        (DAY_OF_WEEK, "H(fri-mon)", "the range of H runs upwards within 0-6"),
        (DAY_OF_WEEK, "H(0-7)", "the range of H runs upwards within 0-6"),
        (DAY_OF_MONTH, "H(20-31)", "H lies within 1-28, the days that every month has"),
    ],
)
def test_anything_else_is_refused_with_field_value_and_reason(kind, text, said):
    with pytest.raises(ValueError, match=kind.name) as caught:
        read_field(kind, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        (DAY_OF_MONTH, "?", Field(everything(DAY_OF_MONTH), star=True)),
        (DAY_OF_WEEK, "?", Field(everything(DAY_OF_WEEK), star=True)),
        (DAY_OF_MONTH, "l", Field(0, star=False, marks=(Mark("L"),))),
        (DAY_OF_MONTH, "L-0", Field(0, star=False, marks=(Mark("L"),))),
        (DAY_OF_MONTH, "1,15W,L-2,lw", Field(2, star=False, marks=(Mark("L", 2), Mark("LW"), Mark("W", 15)))),
        (DAY_OF_WEEK, "5#2,FridayL,mon", Field(2, star=False, marks=(Mark("#", 5, 2), Mark("L", 5)))),
        (DAY_OF_WEEK, "7#1,7L", Field(0, star=False, marks=(Mark("#", 0, 1), Mark("L", 0)))),
        (DAY_OF_WEEK, "*,friL", Field(everything(DAY_OF_WEEK), star=True)),
        (DAY_OF_WEEK, "friL,friL", Field(0, star=False, marks=(Mark("L", 5),))),
        (MINUTE, "H", Field(0, star=False, hashed=(Hashed(0, 59),))),
        (MINUTE, "h(0-29)/10,45", Field(1 << 45, star=False, hashed=(Hashed(0, 29, 10),))),
        (DAY_OF_MONTH, "H", Field(0, star=False, hashed=(Hashed(1, 28),))),
        (DAY_OF_WEEK, "H(mon-fri)", Field(0, star=False, hashed=(Hashed(1, 5),))),
        (MONTH, "H(mar-5)", Field(0, star=False, hashed=(Hashed(3, 5),))),
        (YEAR, "*", Field(everything(YEAR), star=True)),
    ],
)
def test_what_no_mask_can_say_is_kept_beside_it(kind, text, field):
    assert read_field(kind, text) == field


def test_only_the_first_sign_makes_a_star():
    stars = {text: read_field(DAY_OF_MONTH, text).star for text in ("*/2,L", "L,*/2", "?", "H/2", "1-31")}
    assert stars == {"*/2,L": True, "L,*/2": False, "?": True, "H/2": False, "1-31": False}
