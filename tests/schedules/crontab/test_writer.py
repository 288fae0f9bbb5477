import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    everything,
)
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.crontab.rule import KINDS
from beatd.schedules.crontab.writer import write_field

ALL_KINDS = [*KINDS, YEAR]


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
        (DAY_OF_WEEK, "?", "*"),
        (DAY_OF_MONTH, "l,15,1", "1,15,L"),
        (DAY_OF_MONTH, "lw,31w,L-02,l", "L,L-2,LW,31W"),
        (DAY_OF_MONTH, "*/10,L", "*/10,L"),
        (DAY_OF_MONTH, "*,L", "*"),
        (DAY_OF_MONTH, "L,*", "1-31"),
        (DAY_OF_WEEK, "FRIL,1#1", "mon#1,friL"),
        (DAY_OF_WEEK, "sunday#5,7L", "sun#5,sunL"),
        (MINUTE, "h", "H"),
        (MINUTE, "H(0-59)", "H"),
        (MINUTE, "h(00-29)/10", "H(0-29)/10"),
        (MINUTE, "H,5", "5,H"),
        (DAY_OF_MONTH, "H(1-28)", "H"),
        (DAY_OF_MONTH, "H(1-5)", "H(1-5)"),
        (DAY_OF_WEEK, "H(1-5)", "H(mon-fri)"),
        (YEAR, "2026,2027,2028", "2026-2028"),
        (YEAR, "1970-2099", "1970-2099"),
    ],
)
def test_equal_fields_have_one_text(kind, text, canonical):
    assert write_field(kind, read_field(kind, text)) == canonical


@given(st.sampled_from(ALL_KINDS), st.integers(1), st.booleans(), st.integers(1, 5))
def test_every_mask_reads_back_as_it_is_written(kind, bits, star, step):
    mask = bits << kind.low & everything(kind) or 1 << kind.high
    if star:
        mask |= sum(1 << value for value in range(kind.low, kind.high + 1, step))
    field = Field(mask, star)
    assert read_field(kind, write_field(kind, field)) == field


dates = st.one_of(
    st.integers(0, 30).map(lambda back: Mark("L", back)),
    st.integers(1, 31).map(lambda day: Mark("W", day)),
    st.just(Mark("LW")),
)
weekdays = st.one_of(
    st.integers(0, 6).map(lambda day: Mark("L", day)),
    st.tuples(st.integers(0, 6), st.integers(1, 5)).map(lambda pair: Mark("#", *pair)),
)


@given(st.data(), st.sampled_from([DAY_OF_MONTH, DAY_OF_WEEK]), st.integers(0, 6))
def test_every_mark_reads_back_as_it_is_written(data, kind, mask):
    marks = data.draw(st.frozensets(dates if kind is DAY_OF_MONTH else weekdays, min_size=1, max_size=6))
    field = Field(mask << kind.low, star=False, marks=tuple(sorted(marks)))
    assert read_field(kind, write_field(kind, field)) == field


@given(st.data(), st.sampled_from(ALL_KINDS))
def test_every_hash_reads_back_as_it_is_written(data, kind):
    low = data.draw(st.integers(kind.low, kind.hash_high))
    high = data.draw(st.integers(low, kind.hash_high))
    field = Field(0, star=False, hashed=(Hashed(low, high, data.draw(st.integers(0, max(high - low, 1)))),))
    assert read_field(kind, write_field(kind, field)) == field
