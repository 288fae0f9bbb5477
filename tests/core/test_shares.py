"""The order in which queues are asked."""

import random
from collections import Counter

import pytest

from beatd.core.limits.shares import Share, drawn, parse_queues


def test_queues_without_weights_are_one_line() -> None:
    assert parse_queues(["a", "b", "a"]) == (("a", "b"), ())


def test_one_weight_makes_shares_of_all() -> None:
    names, shares = parse_queues(["critical:5", "default", "a:b:3", "urgent:first"])
    assert names == ("critical", "default", "a:b", "urgent")
    assert shares == (Share("critical", 5), Share("default", 1), Share("a:b", 3), Share("urgent", None))


@pytest.mark.parametrize("text", ["a:0", "a:x", "a:-1", "a:", "a:1.5", "a:1001", "a: 5", "a:First", "a:٣"])
def test_a_wrong_weight_is_refused_in_words(text) -> None:
    with pytest.raises(ValueError, match=r": a weight is a whole number from 1 to 1000, or `first`; a queue of that"):
        parse_queues([text])


def test_a_weight_of_nothing_and_two_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"':5' names no queue; write NAME:WEIGHT"):
        parse_queues([":5"])
    for texts in (["a:5", "a:1"], ["a", "a:1"], ["a:first", "b", "a:first"]):
        with pytest.raises(ValueError, match=r"'a' is named twice; give it one weight"):
            parse_queues(texts)


def test_queues_are_drawn_by_weight_and_none_is_left_out() -> None:
    source = random.Random(7)
    _, shares = parse_queues(["a:5", "b:3", "c"])
    orders = [drawn(shares, source.random) for _ in range(9000)]
    firsts = Counter(order[0] for order in orders)
    assert [round(firsts[name] / 1000) for name in "abc"] == [5, 3, 1]
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)
    # Of those that are left the next one is drawn likewise.
    seconds = Counter(order[1] for order in orders if order[0] == "a")
    assert seconds["b"] / seconds["c"] == pytest.approx(3, rel=0.1)


def test_what_is_first_goes_before_all_in_the_order_written() -> None:
    _, shares = parse_queues(["b:first", "x:1000", "a:first", "y"])
    for _ in range(50):
        assert drawn(shares, random.random)[:2] == ["b", "a"]
