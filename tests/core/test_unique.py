"""What makes two calls the same."""

from datetime import timedelta

import pytest

from beatd.core.limits.unique import unique_for, unique_key


def test_the_key_of_a_call_is_the_same_on_every_host_and_version() -> None:
    told = "36ffe9155b31454c"
    assert unique_key("shop.add", [1, "ä"], {"b": 2, "a": None}, None)[:16] == told
    assert unique_key("shop.add", [1, "ä"], {"a": None, "b": 2}, None)[:16] == told


def test_a_task_its_arguments_and_a_key_of_ones_own_are_told_apart() -> None:
    keys = [
        unique_key("t", [], {}, None),
        unique_key("u", [], {}, None),
        unique_key("t", [1], {}, None),
        unique_key("t", [[1]], {}, None),
        unique_key("t", [], {"a": 1}, None),
        unique_key("t", [], {}, "a"),
        unique_key("u", [], {}, "a"),
    ]
    assert len(set(keys)) == len(keys)
    assert unique_key("t", [1], {"a": 1}, "a") == unique_key("t", [], {}, "a")


@pytest.mark.parametrize(
    ("value", "microseconds"), [(None, None), (0, None), ("0s", None), (1.5, 1_500_000), ("1h", 3600 * 10**6)]
)
def test_for_how_long_it_is_unique(value, microseconds) -> None:
    assert unique_for(value) == microseconds
    assert unique_for(timedelta(minutes=1)) == 60 * 10**6
