import sqlite3

import psycopg
import pytest

from beatd.rowports import Told
from tests.conformance.rows.table import CALENDAR, INSERT, Table, all_pages, names, prints, told

GOOD = {"name": "'bad'", "task": "'t'", "schedule": "'every 5m'"}
BAD = {
    "schedule": ["'every monday'", f"'{'0,' * 50_000}0 * * * *'", "''", "NULL", "5", "'every 5m' || char(0)"],
    "task": ["''", "NULL", "'a' || char(10)"],
    "timezone": ["'Mars/Olympus'"],
    "exclude": ["'calendar nowhere'", "'sometimes'"],
    "args": ["'{}'", "'[1'", "'x'", "'[1e999]'", "'[123456789012345678901234567890]'"],
    "kwargs": ["'[1]'", "'\"' || printf('%.*c', 10000000, 'x') || '\"'"],
    "headers": ["'{\"id\": 1}'", "'[]'"],
    "tags": ["'{}'", "'[1]'"],
    "priority": ["10", "-1", "'high'"],
    "expires": ["'soon'", "'0'"],
    "time_limit": ["'forever'"],
    "enabled": ["2", "'perhaps'"],
    "starts_at": ["'yesterday'"],
    "ends_at": ["'2026-02-30'"],
    "max_runs": ["0", "99999999999999999999"],
    "misfire": ["'sometimes'"],
    "overlap": ["'perhaps'"],
    "gap": ["'leap'"],
    "fold": ["'thrice'"],
    "business_days": ["'never'"],
    "jitter": ["'much'"],
}
_ELSEWHERE = {"char(0)": "chr(1)", "char(10)": "chr(10)", "printf('%.*c', 10000000, 'x')": "repeat('x', 10000000)"}


@pytest.mark.parametrize("column", BAD)
def test_a_bad_value_is_refused_or_told_and_the_other_rows_go_on(table: Table, column: str) -> None:
    for value in BAD[column]:
        table.execute("DELETE FROM beatd_schedules", INSERT + "('good', 't', 'every 5m'), ('other', 't', 'every 1m')")
        written = value
        for ours, theirs in _ELSEWHERE.items() if table.is_postgresql else ():
            written = written.replace(ours, theirs)
        json = "::jsonb" if "repeat" in written else ""
        given = {**GOOD, column: f"({written}){json}" if "||" in written else written}
        refusal = refused(
            table, f"INSERT INTO beatd_schedules ({', '.join(given)}) VALUES ({', '.join(given.values())})"
        )
        assert refusal is None or column in refusal or "invalid input syntax" in refusal or "out of range" in refusal
        newest = {each.name: each for each in table.rows.page("", 100).versions}
        assert newest["good"].entry is not None
        assert newest["other"].entry is not None
        if refusal is None:
            told = newest["bad"].error or ""
            assert told.startswith(f"row 'bad': {column}"), (value, told)
            assert len(told) < 1000


def refused(table: Table, statement: str) -> str | None:
    try:
        table.execute(statement)
    except (sqlite3.Error, psycopg.Error) as refusal:
        return str(refusal)
    return None


def test_a_large_value_is_not_read_whole(table: Table) -> None:
    large = "repeat('x', 10000000)" if table.is_postgresql else "printf('%.*c', 10000000, 'x')"
    json = f"('{{\"a\": \"' || {large} || '\"}}')" + ("::jsonb" if table.is_postgresql else "")
    table.execute(f"INSERT INTO beatd_schedules (name, task, schedule, kwargs) VALUES ('a', 't', 'every 1m', {json})")
    (version,) = table.rows.of(["a"]).versions
    assert version.error is not None
    assert "kwargs: is longer than 1048576 characters" in version.error
    table.execute("UPDATE beatd_schedules SET schedule = 'every 2m'")
    assert table.rows.of(["a"]).versions[0] == version


def test_bytes_that_are_no_text_spoil_only_their_own_row(sqlite: Table) -> None:
    mark = sqlite.rows.mark()
    odd = "CAST(x'61ff62' AS TEXT)"
    sqlite.execute(
        INSERT + f"('good', 't', 'every 5m'), ({odd}, 't', 'every 5m'), ('task', {odd}, 'every 5m')",
        "INSERT INTO beatd_schedules (name, task, schedule, exclude, description) VALUES "
        f"('b', 't', 'every 5m', 'calendar ' || {odd}, NULL), ('c', 't', 'every 5m', NULL, {odd}), "
        f"('z', 't', 'every 5m', NULL, NULL)",
    )
    changed = sqlite.rows.changed(mark)
    assert len(names(changed)) == 6
    for limit in (1, 2, 100):
        pages = all_pages(sqlite.rows, limit)
        found = {each.name: each for page in pages for each in page.versions}
        assert sorted(found) == ["b", "c", "good", "task", "z"]
        assert [name for name, each in found.items() if each.error is None] == ["good", "z"]
        assert [name for page in pages for name in page.unusable] == ["a\udcffb"]
    assert len(prints(sqlite.rows)) == 6
    assert told(sqlite.rows.of([*names(changed), "good"]))[-2:] == [("task", found["task"].error), ("z", "every 5m")]
    sqlite.execute("UPDATE beatd_schedules SET schedule = 'every 6m'", CALENDAR)
    former = {each.name: each for each in reversed(sqlite.rows.of(sorted(found)).versions)}
    assert former == found
    assert "b" in names(sqlite.rows.changed(changed.mark))
    sqlite.rows.tell(
        Told(name=name, number=2**63 - 1, next_fire=None, last_fire=None, runs=0, error=f"no: {name!r}")
        for name in ("a\udcffb", "b")
    )
    assert sqlite.value("SELECT count(*) FROM beatd_schedules WHERE error LIKE 'no: %'") == 2
    sqlite.execute("DELETE FROM beatd_schedules")
    assert [name for page in all_pages(sqlite.rows, 1) for name in page.unusable] == []


def test_a_name_that_no_entry_can_have_is_told_apart(table: Table) -> None:
    bell = "chr(7)" if table.is_postgresql else "char(7)"
    long = "x" * 300
    table.execute(
        INSERT + f"('good', 't', 'every 5m'), ('a' || {bell}, 't', 'every 5m'), ('{long}', 't', 'every 5m'), "
        "('', 't', 'every 5m')"
    )
    found = all_pages(table.rows, 1)
    assert [each for page in found for each in told(page)] == [("good", "every 5m")]
    unusable = {name: why for page in found for name, why in page.unusable.items()}
    assert set(unusable) >= {"a\a", long}
    assert all("1 to 200 printable characters" in why for why in unusable.values())
    assert table.rows.page("", 10).untold == ["good"]


def test_where_ends_are_not_seen_what_needs_them_is_a_bad_row(table: Table) -> None:
    table.execute("INSERT INTO beatd_schedules (name, task, schedule, overlap) VALUES ('a', 't', 'every 1m', 'skip')")
    (version,) = table.reader(sees_finish=False).of(["a"]).versions
    assert version.error is not None
    assert version.error.startswith("row 'a': overlap: 'skip' needs to know when a message has ended")


def test_own_time_zone_and_queue_hold_where_a_row_names_none(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    (version,) = table.reader(timezone="Asia/Tokyo", queue="q").of(["a"]).versions
    assert version.entry is not None
    assert (version.entry.timezone, version.entry.queue) == ("Asia/Tokyo", "q")
