"""What an entry says of its fire times survives being stored, written and read."""

import json
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beatd.clock import SystemClock
from beatd.core.calendars import read_calendars
from beatd.core.entry import Draft, Entry
from beatd.core.fields import FieldError, compile_entry, decode_entry
from beatd.schedules.composition.calendars import CalendarError
from beatd.sqlkit.database import Database, open_database
from beatd.stores.sql import SqlDefinitions
from beatd.stores.toml import TomlSource

NOW = 1_790_000_000_000_000
RULES = ["0 8 * * mon-fri", "*/20 9-17 * * *", "every 7h offset 3m", "30 2 * * *", "H 6 * * *", "@monthly", "every 90s"]
TAKEN = ["dates 2026-12-24", "dates 2026-10-20..2026-11-02", "* 0-7 * * *", "every 1d", "0 12 * * *"]
DAYS = [f"2026-{month:02}-{day:02}" for month in (10, 11, 12) for day in (1, 9, 24)]

calendars = st.fixed_dictionaries(
    {"closed": st.lists(st.sampled_from(["sat", "sun", "wed"]), min_size=1, unique=True)},
    optional={
        "dates": st.lists(st.sampled_from([*DAYS, "2026-12-27..2026-12-31"]), max_size=3),
        "open": st.lists(st.sampled_from(DAYS), max_size=2),
        "country": st.sampled_from(["DE", "FR"]),
        "description": st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
    },
)
named = st.dictionaries(st.sampled_from(["office", "black friday", "ö"]), calendars, min_size=1, max_size=2)


@st.composite
def raws(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the tables of some calendars, and of an entry that may name them."""
    tables = draw(named)
    parts = st.sampled_from([*TAKEN, *(f"calendar {name}" for name in tables)])
    fields: dict[str, st.SearchStrategy[Any]] = {
        "exclude": st.lists(parts, min_size=1, max_size=3),
        "business_days": st.sampled_from(["next", "previous", "skip"]),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
        "starts_at": st.sampled_from(["2026-10-25T02:30", "2026-11-01T00:00Z"]),
        "fold": st.sampled_from(["first", "both"]),
    }
    schedule = st.lists(st.sampled_from(RULES), min_size=1, max_size=2)
    return tables, draw(st.fixed_dictionaries({"schedule": schedule, "task": st.just("a.b")}, optional=fields))


def say(name: str, error: CalendarError) -> str:
    return f"{name}: {error}"


def decoded(tables: dict[str, Any], raw: dict[str, Any]) -> Entry:
    found = read_calendars(tables, say)
    assert not found.broken
    try:
        return decode_entry("e", raw, {}, timezone="UTC", queue="celery", calendars=found)
    except FieldError as error:
        assume("can never fire" not in error.reason and "nothing" not in error.reason)
        raise


def toml(tables: dict[str, Any], raw: dict[str, Any]) -> str:
    headed = [(f'calendars."{name}"', table) for name, table in tables.items()] + [("schedules.e", raw)]
    lines = [
        f"[{head}]\n" + "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in t.items())
        for head, t in headed
    ]
    return "".join(lines)


def fires(entry: Entry) -> list[int]:
    return list(islice(compile_entry(entry).between_us(NOW, NOW + 200 * 86_400_000_000), 40))


def check_same(former: Entry, latter: Entry | None) -> None:
    assert latter == former
    assert latter is not None
    assert fires(latter) == fires(former)


@settings(deadline=None, max_examples=100)
@given(raws())
def test_json_gives_the_entry_back(given: tuple[dict[str, Any], dict[str, Any]]) -> None:
    entry = decoded(*given)
    check_same(entry, Entry.stored(entry.document()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round")


@settings(deadline=None, max_examples=100)
@given(given=raws())
def test_toml_gives_the_entry_back_also_from_its_canonical_form(
    folder: Path, given: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    tables, raw = given
    entry = decoded(tables, raw)
    canonical = {**raw, "schedule": entry.schedule}
    if entry.exclude is not None:
        canonical["exclude"] = entry.exclude
    for text in (toml(tables, raw), toml({**tables, **entry.calendars}, canonical)):
        file = folder / "e.toml"
        file.write_text(text)
        (draft,) = TomlSource(file).load()
        assert draft.error is None
        check_same(entry, draft.entry)


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{folder}/beatd.db")
    yield made
    made.close()


namespaces = count()


@settings(deadline=None, max_examples=50)
@given(given=raws())
def test_the_store_gives_the_entry_back(database: Database, given: tuple[dict[str, Any], dict[str, Any]]) -> None:
    entry = decoded(*given)
    definitions = SqlDefinitions(database, f"n{next(namespaces)}", SystemClock())
    draft = Draft(name="e", place="prod.toml:1", entry=entry)
    definitions.apply([draft], holder="h")
    (version,) = definitions.load()
    check_same(entry, version.entry)
    assert definitions.apply([draft], holder="h").changed == ()
