from beatd.schedules import Terms, parse
from beatd.schedules.bounds import NEVER, bounded
from beatd.schedules.moments import FIRST, LAST

MINUTE = 60_000_000


def test_the_start_is_in_and_the_end_is_out():
    schedule = bounded(parse("every 1m"), 5 * MINUTE, 8 * MINUTE)
    assert schedule.next_us(0) == 5 * MINUTE
    assert schedule.next_us(7 * MINUTE) is None
    assert schedule.last_us(LAST) == 7 * MINUTE
    assert schedule.last_us(5 * MINUTE) is None
    assert schedule.count_us(FIRST, LAST) == 3
    assert schedule.count_us(FIRST, LAST, limit=2) == 2
    assert schedule.count_us(5 * MINUTE, 7 * MINUTE) == 2
    assert schedule.count_us(20 * MINUTE, 30 * MINUTE) == 0


def test_either_bound_may_be_missing():
    every = parse("every 1m")
    assert bounded(every, None, None) is every
    assert bounded(every, 5 * MINUTE, None).last_us(5 * MINUTE + 1) == 5 * MINUTE
    assert bounded(every, None, 5 * MINUTE).next_us(4 * MINUTE) is None


def test_terms_go_to_what_is_inside():
    inner = parse("0 8 * * *")
    there = Terms(timezone="Asia/Tokyo")
    assert bounded(inner, 1, 2).under(there) == bounded(inner.under(there), 1, 2)
    assert str(bounded(inner, 1, 2)) == "0 8 * * *"


def test_never_names_nothing():
    assert NEVER.next_us(FIRST) is None
    assert NEVER.last_us(LAST) is None
    assert NEVER.count_us(FIRST, LAST) == 0
    assert NEVER.under(Terms()) is NEVER
    assert str(NEVER) == "never"


def test_the_event_that_was_settled_is_the_same_within_bounds():
    sunset = parse("sunset 52.52 13.40")
    event = sunset.next_us(0)
    inside = bounded(sunset, 0, None)
    assert inside.next_owed_us(event - 30_000_000) == sunset.next_us(event)
    assert (
        bounded(sunset, event, None).next_owed_us(event - 30_000_000) == event
    )  # nothing before the start was settled
    assert bounded(sunset, 0, event + 1).next_owed_us(event) is None
