from typing import Any

import pytest

from beatd.core.compiling import compile_entry
from beatd.core.entry import Entry
from beatd.errors import BeatdError
from beatd.schedules.bounds import NEVER

WEEKENDS = {"office": {"closed": ["sat", "sun"]}}
NOON = 1_798_200_000_000_000  # 2026-12-25T12:00Z, a Friday


def entry(name: str = "e", **fields: Any) -> Entry:
    return Entry(**{"task": "t", "schedule": "0 8 * * *", **fields, "name": name})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"exclude": "calendar office", "calendars": WEEKENDS},
        {"business_days": "next"},
        {"starts_at": NOON, "ends_at": NOON * 2},
        {"schedule": "H 8 * * *", "exclude": "dates 2026-12-26"},
    ],
)
def test_entries_that_fire_alike_are_given_one_schedule(fields: dict[str, Any]) -> None:
    first = compile_entry(entry(**fields))
    assert compile_entry(entry(**fields, args=[1])) is first
    assert compile_entry(entry(**fields, queue="other", description="the same")) is first
    assert compile_entry(entry(**{**fields, "timezone": "Europe/Berlin"})) is not first


@pytest.mark.parametrize("fields", [{"schedule": "H H * * *"}, {"exclude": "H H * * * | dates 2026-12-26"}])
def test_what_is_hashed_from_the_name_is_each_entrys_own(fields: dict[str, Any]) -> None:
    given = {"schedule": "every 1m", **fields}
    compiled = [compile_entry(entry(name, **given)) for name in "abcdef"]
    assert len({tuple(each.between_us(NOON, NOON + 86_400_000_000)) for each in compiled}) > 1


def test_business_days_alone_close_the_weekend() -> None:
    assert compile_entry(entry(business_days="next")).next_us(NOON) == NOON + (3 * 24 - 4) * 3_600_000_000


def test_an_entry_that_is_not_enabled_names_nothing_whatever_it_says() -> None:
    assert compile_entry(entry(enabled=False, schedule="not read", exclude="nor this")) is NEVER


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": "every monday"},
        {"exclude": "calendar gone"},
        {"exclude": "calendar office", "calendars": {"office": {"closed": ["freeday"]}}},
        {"timezone": "Europe/Berln"},
    ],
)
def test_a_stored_entry_that_cannot_be_compiled_says_so(fields: dict[str, Any]) -> None:
    with pytest.raises(BeatdError):
        compile_entry(entry(**fields))
