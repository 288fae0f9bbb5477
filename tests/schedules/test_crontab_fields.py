import pytest
from hypothesis import given
from hypothesis import strategies as st

from beatd.schedules.crontab_fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    Field,
    everything,
    read_field,
    write_field,
)

KINDS = [SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK]


def numbers(kind, text):
    mask = read_field(kind, text).mask
    return [number for number in range(64) if mask >> number & 1]


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
    ],
)
def test_a_field_lets_through_what_it_says(kind, text, wanted):
    assert numbers(kind, text) == wanted


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (MINUTE, "60", "minute '60' is out of range 0-59"),
        (MINUTE, "5-61", "minute '61' is out of range 0-59"),
        (HOUR, "24", "hour '24' is out of range 0-23"),
        (DAY_OF_MONTH, "0", "day of month '0' is out of range 1-31"),
        (DAY_OF_MONTH, "32", "day of month '32' is out of range 1-31"),
        (MONTH, "13", "month '13' is out of range 1-12"),
        (MONTH, "0", "month '0' is out of range 1-12"),
        (DAY_OF_WEEK, "8", "day of week '8' is out of range 0-7"),
        (MINUTE, "*/90", "minute '*/90': step 90"),
        (MINUTE, "*/0", "step 0"),
        (HOUR, "9-12/4", "step 4 must lie between 1 and 3"),
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
        (DAY_OF_MONTH, "L", "day of month 'L': L in a crontab is not in this version"),
        (DAY_OF_MONTH, "L-2", "not in this version"),
        (DAY_OF_MONTH, "LW", "W in a crontab is not in this version"),
        (DAY_OF_MONTH, "15W", "W in a crontab is not in this version"),
        (DAY_OF_MONTH, "?", "? in a crontab is not in this version"),
        (DAY_OF_WEEK, "fri#2", "# in a crontab is not in this version"),
        (DAY_OF_WEEK, "friL", "L in a crontab is not in this version"),
        (DAY_OF_WEEK, "5L", "L in a crontab is not in this version"),
        (MINUTE, "H", "H in a crontab is not in this version"),
        (MINUTE, "H(0-29)", "H in a crontab is not in this version"),
        (MINUTE, "H/15", "H in a crontab is not in this version"),
    ],
)
def test_anything_else_is_refused_with_field_value_and_reason(kind, text, said):
    with pytest.raises(ValueError, match=kind.name) as caught:
        read_field(kind, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "canonical"),
    [
        (MINUTE, "00", "0"),
        (MINUTE, "30,0", "0,30"),
        (MINUTE, "0-59", "0-59"),
        (MINUTE, "*", "*"),
        (MINUTE, "*/1", "*"),
        (MINUTE, "*,5", "*"),
        (MINUTE, "*/15,1", "*/15,1"),
        (MINUTE, "0,5,10,15,20,25", "0-25/5"),
        (HOUR, "22-2", "0-2,22,23"),
        (HOUR, "9,10,11", "9-11"),
        (MONTH, "JAN", "1"),
        (DAY_OF_WEEK, "1-5", "mon-fri"),
        (DAY_OF_WEEK, "0,6", "sat,sun"),
        (DAY_OF_WEEK, "5,6,7", "fri-sun"),
        (DAY_OF_WEEK, "fri-mon", "fri-mon"),
        (DAY_OF_WEEK, "1-7", "sun-sat"),
    ],
)
def test_equal_fields_have_one_text(kind, text, canonical):
    assert write_field(kind, read_field(kind, text)) == canonical


@given(st.sampled_from(KINDS), st.integers(1), st.booleans(), st.integers(1, 5))
def test_every_field_reads_back_as_it_is_written(kind, bits, star, step):
    mask = bits & everything(kind) or 1 << kind.high
    if star:
        mask |= sum(1 << value for value in range(kind.low, kind.high + 1, step))
    field = Field(mask, star)
    assert read_field(kind, write_field(kind, field)) == field
