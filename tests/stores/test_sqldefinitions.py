from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beatd.clock import SystemClock
from beatd.core.entry import Draft, Entry
from beatd.core.identity import stable_hash
from beatd.core.line import compiled, owns_otherwise
from beatd.sqlkit.database import Database, open_database
from beatd.stores.sql import SqlDefinitions


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{tmp_path}/beatd.db")
    yield made
    made.close()


@pytest.fixture
def definitions(database: Database) -> SqlDefinitions:
    return SqlDefinitions(database, "n", SystemClock())


def draft(**fields: Any) -> Draft:
    entry = Entry(**{"name": "e", "task": "t", "schedule": "0 8 * * *", **fields})
    return Draft(name="e", place="prod.toml:1", entry=entry)


def test_the_fingerprint_of_an_entry_is_that_of_what_it_says_beside_the_defaults(definitions: SqlDefinitions) -> None:
    definitions.apply([draft(queue="mail", timezone="UTC", args=[1], kwargs={}, misfire="all")], holder="h")
    (version,) = definitions.load()
    said = '{"args":[1],"misfire":"all","name":"e","queue":"mail","schedule":"0 8 * * *","task":"t"}'
    assert version.fingerprint == stable_hash("entry", said)


def test_an_edited_calendar_is_a_new_version_that_owns_other_moments(definitions: SqlDefinitions) -> None:
    office: dict[str, Any] = {"closed": ["sat", "sun"]}
    for days in (["2026-12-24"], ["2026-12-24..2026-12-26"]):
        calendars = {"office": {**office, "dates": days}}
        applied = definitions.apply([draft(exclude="calendar office", calendars=calendars)], holder="h")
    assert applied.changed == ("e",)
    former, latter = map(compiled, definitions.load())
    assert (former.unreadable, latter.unreadable) == (None, None)
    assert owns_otherwise(former, latter)
    christmas = 1_798_185_600_000_000  # Friday 2026-12-25T08:00Z
    assert [each.schedule.next_us(christmas - 1) == christmas for each in (former, latter)] == [True, False]


def test_a_definition_with_a_field_of_newer_code_is_unreadable(definitions: SqlDefinitions, database: Database) -> None:
    definitions.apply([draft()], holder="h")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE beatd_definitions SET entry = json_set(entry, '$.later', 'skip')")
    (version,) = definitions.load()
    assert version.entry is None
    assert version.unreadable == "it has the field 'later', which is not in this version"


def test_a_definition_from_before_calendars_is_read_and_no_edit(
    definitions: SqlDefinitions, database: Database
) -> None:
    definitions.apply([draft()], holder="h")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE beatd_definitions SET entry = json_remove(entry, '$.calendars')")
    (version,) = definitions.load()
    assert version.entry == draft().entry
    assert definitions.apply([draft()], holder="h").changed == ()


def test_a_stored_entry_is_json_of_plain_fields(definitions: SqlDefinitions, database: Database) -> None:
    definitions.apply([draft(exclude="dates 2026-12-24", business_days="next")], holder="h")
    with database.read() as connection:
        (text,) = connection.exec_driver_sql("SELECT entry FROM beatd_definitions").one()
    stored = msgspec.json.decode(text)
    told = {name: stored[name] for name in ("name", "exclude", "business_days", "calendars", "misfire", "args")}
    assert told == {
        "name": "e",
        "exclude": "dates 2026-12-24",
        "business_days": "next",
        "calendars": {},
        "misfire": "latest",
        "args": [],
    }
