from contextlib import nullcontext

import pytest

from beatd.app.store.store import ScheduleStore
from beatd.errors import StoreError
from tests.servers.postgresql import postgres_schema


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_calendar_is_put_once_and_changed_where_it_differs(kind, tmp_path):
    place = postgres_schema() if kind == "postgresql" else nullcontext(f"sqlite:///{tmp_path}/s.db")
    with place as url, ScheduleStore(url) as store:
        document = {"closed": ["sat", "sun"], "dates": ["2026-12-24..2026-12-26"], "description": "Shut."}
        assert store.put_calendar("office", document) == "added"
        assert store.put_calendar("office", document) == "unchanged"
        assert store.calendars() == {"office": document}
        assert store.put_calendar("office", {"closed": ["sun"]}) == "changed"
        assert store.calendars() == {"office": {"closed": ["sun"]}}
        with pytest.raises(StoreError, match=r"calendars\.office: .*funday"):
            store.put_calendar("office", {"closed": ["funday"]})


def test_a_calendar_of_a_file_is_written_by_hand(tmp_path):
    with ScheduleStore(tmp_path / "a.toml") as store, pytest.raises(StoreError, match=r"write \[calendars\.office\]"):
        store.put_calendar("office", {"closed": ["sun"]})
