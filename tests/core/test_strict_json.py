from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from beatd.core.strict_json import NotJsonError, check_json


def test_what_json_has_passes_with_tuples_as_lists() -> None:
    value = {"a": [1, 2.5, True, None, "text"], "b": {"c": (1, 2)}}
    assert check_json(value, "kwargs") == {"a": [1, 2.5, True, None, "text"], "b": {"c": [1, 2]}}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            {"a": {"b": [datetime(2026, 1, 2, 3, 4, tzinfo=UTC)]}},
            'kwargs.a.b[0]: is a date-time, which JSON does not have; write it as text: "2026-01-02T03:04:00+00:00"',
        ),
        ({"day": date(2026, 1, 2)}, 'kwargs.day: is a date, which JSON does not have; write it as text: "2026-01-02"'),
        ({"at": time(8)}, 'kwargs.at: is a time, which JSON does not have; write it as text: "08:00:00"'),
        ({"x": float("nan")}, "kwargs.x: is nan, which JSON does not have; leave it out, or write it as text"),
        ({"x": 2**64}, "kwargs.x: is a number of more than 64 bits; write it as text"),
        ({"x": {1, 2}}, "kwargs.x: is of type set, which JSON does not have; pass text, or its id"),
        ({1: 2}, "kwargs: has the key 1, which is not text; JSON's keys are text"),
        ({"x": "\ud800"}, "kwargs.x: holds a lone surrogate, which is no text; decode it with errors='replace'"),
    ],
)
def test_what_json_does_not_have_is_named_by_its_path(value: Any, says: str) -> None:
    with pytest.raises(NotJsonError) as caught:
        check_json(value, "kwargs")
    assert str(caught.value) == says


def test_a_list_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NotJsonError, match="nested more than 100 deep"):
        check_json(value, "args")
