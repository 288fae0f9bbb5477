"""What holds for every schedule, whatever it is."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.bounds import bounded
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import parse_exclude
from beatd.schedules.moments import from_us
from tests.schedules.strategies import ZONES, business, exclusions, instants, texts

many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
zones = st.sampled_from(ZONES)


@st.composite
def schedules(draw):
    """Return any schedule that the terms allow: rules, unions, with or without something taken away or moved."""
    text, exclude, shift = draw(texts), draw(exclusions), draw(business)
    gap, fold = draw(st.sampled_from([None, "shift", "skip"])), draw(st.sampled_from([None, "first", "second", "both"]))
    terms = Terms(timezone=draw(zones), gap=gap, fold=fold, name="nightly")
    try:
        exclusion = parse_exclude(exclude, terms, {}) if exclude else None
        return composed(parse(text, terms), exclusion, shift, terms)
    except InvalidScheduleError as error:
        assume(not any(said in str(error) for said in ("never fire", "no event", "once a minute")))
        raise


@many
@given(schedules(), instants)
def test_the_next_fire_is_strictly_later_and_nothing_lies_between(schedule, after):
    found = schedule.next_us(after)
    if found is not None:
        assert found > after
        assert schedule.count_us(after, found) == 1
        assert schedule.next_us(found - 1) == found


@many
@given(schedules(), instants, st.floats(0, 1))
def test_the_next_fire_is_the_same_until_it_has_been_and_then_another(schedule, after, part):
    found = schedule.next_us(after)
    assume(found is not None)
    between = after + int((found - 1 - after) * part)
    assert schedule.next_us(between) == found
    assert schedule.next_us(found) != found
    assert schedule.last_us(found) is None or schedule.last_us(found) <= after


@many
@given(schedules(), instants, st.integers(1, 30))
def test_what_lies_between_are_the_next_fires_one_by_one(schedule, after, number):
    walked, moment = [], after
    while len(walked) < number and (moment := schedule.next_us(moment)) is not None:
        walked.append(moment)
    until = walked[-1] if walked else after
    assert list(schedule.between_us(after, until)) == walked
    assert list(schedule.between(from_us(after), from_us(until))) == [from_us(fire) for fire in walked]


@many
@given(schedules(), instants)
def test_the_last_fire_is_strictly_earlier_and_undoes_the_next(schedule, before):
    found = schedule.last_us(before)
    if found is not None:
        assert found < before
        following = schedule.next_us(found)
        assert following is None or following >= before
        if following is not None:
            assert schedule.last_us(following) == found


@many
@given(schedules(), instants, st.integers(1, 40))
def test_the_count_is_that_of_a_walk(schedule, after, steps):
    moment, walked = after, 0
    while walked < steps and (found := schedule.next_us(moment)) is not None:
        moment, walked = found, walked + 1
    assert schedule.count_us(after, moment) == walked
    assert schedule.count_us(after, moment, limit=3) == min(walked, 3)
    assert schedule.count_us(moment, after) == 0


@many
@given(texts, zones)
def test_the_text_of_a_schedule_reads_back_as_an_equal_one(text, zone):
    terms = Terms(timezone=zone, name="nightly")
    try:
        schedule = parse(text, terms)
    except InvalidScheduleError as error:
        assume("never fire" not in str(error))
        raise
    again = parse(str(schedule), terms)
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert str(again) == str(schedule)


@many
@given(schedules(), instants, st.integers(0, 10**13), st.integers(0, 10**13))
def test_bounds_keep_what_lies_from_the_start_to_before_the_end(whole, after, ahead, length):
    starts_at, ends_at = after + ahead, after + ahead + length
    cut = bounded(whole, starts_at, ends_at)
    first = whole.next_us(starts_at - 1)
    inside = first is not None and first < ends_at
    assert cut.next_us(after - 1) == (first if inside else None)
    assert (cut.last_us(ends_at + 10**14) is not None) == inside
    assert cut.count_us(after - 1, ends_at + 10**14, 50) == whole.count_us(starts_at - 1, ends_at - 1, 50)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_one_way(text):
    try:
        schedule = parse(text)
    except InvalidScheduleError:
        return
    assert parse(str(schedule)) == schedule


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="0123456789*/,-&?LWH#@ |mhdwsoneverya.t", max_size=40))
def test_so_is_any_text_of_the_letters_that_schedules_have(text):
    try:
        schedule = parse(text)
    except InvalidScheduleError:
        return
    assert parse(str(schedule)) == schedule
    schedule.next_us(1_790_000_000_000_000)
