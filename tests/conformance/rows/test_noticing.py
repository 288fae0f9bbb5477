import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from beatd.rowports import Page
from tests.conformance.rows.table import CALENDAR, INSERT, Table, all_pages, names, prints, tick, told


def test_an_empty_table_tells_nothing(table: Table) -> None:
    assert table.rows.page("", 10) == Page(versions=[], last=None, unusable={}, untold=[])
    assert table.rows.of(["a"]).versions == []
    assert table.rows.prints("", 10) == ([], None)
    changed = table.rows.changed(table.rows.mark())
    assert names(changed) == []


def test_a_new_row_is_noticed_and_read(table: Table) -> None:
    before = table.rows.mark()
    table.execute(INSERT + "('a', 'shop.report', 'every 5m')")
    changed = table.rows.changed(before)
    assert names(changed) == ["a"]
    (version,) = table.rows.of(["a"]).versions
    assert version.entry is not None
    assert (version.entry.task, version.entry.schedule, version.entry.enabled) == ("shop.report", "every 5m", True)
    assert version.number == version.changed_at == version.generation
    assert abs(version.number - changed.now) < 60_000_000
    assert version.source == table.rows.name
    assert names(table.rows.changed(changed.mark)) == []
    assert prints(table.rows) == [("a", version.number, version.fingerprint)]


def test_every_edit_is_a_version_and_none_is_left_out(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    mark = table.rows.mark()
    table.execute(
        "UPDATE beatd_schedules SET schedule = 'every 2m' WHERE name = 'a'",
        "UPDATE beatd_schedules SET schedule = 'every 3m', args = '[1]' WHERE name = 'a'",
    )
    table.execute("DELETE FROM beatd_schedules WHERE name = 'a'", INSERT + "('a', 't', 'every 4m')")
    changed = table.rows.changed(mark)
    assert names(changed) == ["a"]
    versions = table.rows.of(["a"]).versions
    assert told(table.rows.of(["a"])) == [
        *(("a", "every 1m"), ("a", "every 2m"), ("a", "every 3m")),
        *(("a", None), ("a", "every 4m")),
    ]
    assert [each.number for each in versions] == sorted({each.number for each in versions})
    lives = [each.generation or 0 for each in versions]
    assert lives[0] == lives[1] == lives[2] == lives[3]
    assert lives[4] > lives[3]
    assert told(table.rows.page("", 10)) == told(table.rows.of(["a"]))


def test_a_version_is_the_same_read_from_the_row_and_from_the_log(table: Table) -> None:
    table.execute(
        "INSERT INTO beatd_calendars (name, closed) VALUES ('office', '[\"sun\"]')",
        "INSERT INTO beatd_schedules (name, task, schedule, exclude, args, kwargs, headers, priority, enabled, "
        "starts_at, tags, description, max_runs, time_limit) VALUES ('a', 't', 'every 5m', 'calendar office', "
        '\'[1, 2.50, "ü\\n\\u0001"]\', \'{"b": null, "a": {"c": [true]}}\', \'{"x": "y"}\', 3, true, '
        "'2026-01-01', '[\"one\"]', 'some \"words\"', 7, '90')",
    )
    (now,) = table.rows.of(["a"]).versions
    assert now.entry is not None, now.error
    table.execute("UPDATE beatd_schedules SET schedule = 'every 6m'")
    former, latter = table.rows.of(["a"]).versions
    assert former == now
    assert latter.fingerprint != now.fingerprint
    table.execute("DELETE FROM beatd_schedules", "DELETE FROM beatd_calendars")
    assert list(table.rows.of(["a"]).versions[:2]) == [former, latter]


def test_a_transaction_that_is_committed_late_is_not_missed(postgresql: Table) -> None:
    rows = postgresql.rows
    with closing(postgresql.connect()) as late:
        late.execute(INSERT + "('late', 't', 'every 1m')")
        mark = rows.mark()
        for number in range(3):
            postgresql.execute(INSERT + f"('quick{number}', 't', 'every 1m')")
            changed = rows.changed(mark)
            assert names(changed) == [f"quick{number}"]
            mark = changed.mark
        assert rows.of(["late"]).versions == []
        late.commit()
    changed = rows.changed(mark)
    assert names(changed) == ["late"]
    (version,) = rows.of(["late"]).versions
    quick = rows.of(["quick0"]).versions[0]
    assert version.number < quick.number
    assert names(rows.changed(changed.mark)) == []


def test_what_was_rolled_back_is_not_told(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    mark = table.rows.mark()
    with closing(table.connect()) as connection:
        connection.execute("UPDATE beatd_schedules SET schedule = 'every 2m'")
        connection.rollback()
    assert names(table.rows.changed(mark)) == []
    assert table.told("a") == [("a", "every 1m")]


def test_rows_inserted_and_updated_and_deleted_at_once_are_all_noticed(table: Table) -> None:
    mark = table.rows.mark()
    values = ", ".join(f"('entry-{number:03d}', 't', 'every 1m')" for number in range(300))
    for statement, expected in (
        (INSERT + values, [1, "every 1m"]),
        ("UPDATE beatd_schedules SET schedule = 'every 2m'", [2, "every 2m"]),
        ("DELETE FROM beatd_schedules", [3, None]),
    ):
        table.execute(statement)
        changed = table.rows.changed(mark)
        mark = changed.mark
        assert len(names(changed)) == 300
        versions = table.rows.of(names(changed)[7:9]).versions
        assert len(versions) == 2 * int(str(expected[0]))
        assert told(table.rows.of(["entry-007"]))[-1] == ("entry-007", expected[1])


def test_a_truncated_table_is_noticed(postgresql: Table) -> None:
    postgresql.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m')")
    mark = postgresql.rows.mark()
    postgresql.execute("TRUNCATE beatd_schedules")
    assert names(postgresql.rows.changed(mark)) == ["a", "b"]
    assert postgresql.told("a", "b") == [("a", "every 1m"), ("a", None), ("b", "every 1m"), ("b", None)]


def test_a_replaced_row_goes_on_as_the_same_life(sqlite: Table) -> None:
    sqlite.execute(INSERT + "('a', 't', 'every 1m')")
    mark = sqlite.rows.mark()
    sqlite.execute("REPLACE INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'every 2m')")
    assert names(sqlite.rows.changed(mark)) == ["a"]
    first, second = sqlite.rows.of(["a"]).versions
    assert sqlite.told("a") == [("a", "every 1m"), ("a", "every 2m")]
    assert first.generation == second.generation


@pytest.mark.parametrize("conflict", ["DO NOTHING", "DO UPDATE SET schedule = excluded.schedule"])
def test_an_insert_that_meets_a_row_is_what_it_came_to(table: Table, conflict: str) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    table.execute(INSERT + f"('a', 't', 'every 2m') ON CONFLICT (namespace, name) {conflict}")
    expected = ["every 1m"] if conflict == "DO NOTHING" else ["every 1m", "every 2m"]
    assert table.told("a") == [("a", each) for each in expected]
    assert prints(table.rows)[0][1] == table.rows.of(["a"]).versions[-1].number


def test_a_renamed_row_is_a_removal_and_a_new_life(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    mark = table.rows.mark()
    table.execute("UPDATE beatd_schedules SET name = 'b' WHERE name = 'a'")
    assert names(table.rows.changed(mark)) == ["a", "b"]
    assert table.told("a", "b") == [("a", "every 1m"), ("a", None), ("b", "every 1m")]


def test_rows_of_another_namespace_are_not_ours(table: Table) -> None:
    mark = table.rows.mark()
    table.execute(
        "INSERT INTO beatd_schedules (namespace, name, task, schedule) VALUES ('other', 'a', 't', 'every 1m')",
        "DELETE FROM beatd_schedules",
    )
    assert names(table.rows.changed(mark)) == []
    assert table.rows.page("", 10).versions == []


def test_a_table_without_a_mark_of_its_own_is_compared_whole(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    assert table.rows.changed(None).names is None
    changed = table.rows.changed(table.rows.mark())
    table.execute("DELETE FROM beatd_changes")
    if not table.is_postgresql:
        table.execute("UPDATE sqlite_sequence SET seq = 0")
    assert table.rows.changed(changed.mark).names is None


def test_a_restored_dump_is_compared_whole(sqlite: Table, tmp_path: Path) -> None:
    sqlite.execute(INSERT + "('a', 't', 'every 1m')")
    with closing(sqlite.connect()) as source, closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        source.backup(copy)
    sqlite.execute("UPDATE beatd_schedules SET schedule = 'every 2m'")
    mark = sqlite.rows.mark()
    with closing(sqlite.connect()) as target, closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        copy.backup(target)
    changed = sqlite.rows.changed(mark)
    assert changed.names is None
    assert sqlite.told("a") == [("a", "every 1m")]
    assert names(sqlite.rows.changed(changed.mark)) == []


def test_a_dump_of_yesterday_that_was_put_back_is_compared_whole(postgresql: Table) -> None:
    tables = ("beatd_schedules", "beatd_changes")
    postgresql.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m')")
    postgresql.execute(*[f"CREATE TABLE saved_{each} AS SELECT * FROM {each}" for each in tables])
    before = prints(postgresql.rows)
    postgresql.execute("UPDATE beatd_schedules SET schedule = 'every 2m' WHERE name = 'a'")
    mark = postgresql.rows.mark()
    postgresql.execute(
        "SET session_replication_role = replica",  # as pg_restore does by --disable-triggers
        *[f"DELETE FROM {each}" for each in tables],
        *[f"INSERT INTO {each} SELECT * FROM saved_{each}" for each in tables],
    )
    changed = postgresql.rows.changed(mark)
    assert changed.names is None
    assert prints(postgresql.rows) == before
    assert names(postgresql.rows.changed(changed.mark)) == []
    postgresql.execute("UPDATE beatd_schedules SET schedule = 'every 3m' WHERE name = 'b'")
    assert names(postgresql.rows.changed(changed.mark)) == ["b"]


def test_a_mark_of_a_cluster_that_is_further_on_is_not_believed(postgresql: Table) -> None:
    mark: Any = postgresql.rows.mark()
    assert postgresql.rows.changed(mark._replace(end=mark.end + 10**6)).names is None


def test_lines_that_came_with_a_dump_from_another_cluster_are_not_news_for_ever(postgresql: Table) -> None:
    postgresql.execute(INSERT + "('a', 't', 'every 1m')")
    postgresql.execute("UPDATE beatd_changes SET txid = txid + 1000000")
    mark = postgresql.rows.mark()
    postgresql.execute(INSERT + "('b', 't', 'every 1m')")
    assert names(postgresql.rows.changed(mark)) == ["b"]


def test_more_names_than_are_worth_listing_are_not_listed(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beatd.stores.rows.marks.MOST", 3)
    mark = table.rows.mark()
    table.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m'), ('c', 't', 'every 1m')")
    assert names(table.rows.changed(mark)) == ["a", "b", "c"]
    table.execute(INSERT + "('d', 't', 'every 1m')")
    assert table.rows.changed(mark).names is None


def test_pages_tell_of_every_row_and_every_name_that_is_gone(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    values = ", ".join(f"('entry-{number:02d}', 't', 'every 1m')" for number in range(40))
    table.execute(INSERT + values)
    table.execute("DELETE FROM beatd_schedules WHERE name LIKE '%3' OR name > 'entry-30'")
    table.execute("UPDATE beatd_schedules SET schedule = 'every 2m' WHERE name LIKE '%5'")
    whole = told(table.rows.page("", 1000))
    assert {name for name, _ in whole} == {f"entry-{number:02d}" for number in range(40)}
    for limit in (1, 3, 7, 30):
        pages = all_pages(table.rows, limit)
        assert [each for page in pages for each in told(page)] == whole
        assert all(len({name for name, _ in told(page)}) <= 5 * limit for page in pages)
    found, after = [], ""
    while after is not None:
        part, after = table.rows.prints(after, 4)
        found += part
    assert found == prints(table.rows)


def test_a_name_with_more_versions_than_a_page_is_told_whole(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m'), ('c', 't', 'every 1m')")
    table.execute(*[f"UPDATE beatd_schedules SET schedule = 'every {n}m' WHERE name = 'b'" for n in range(2, 40)])
    pages = all_pages(table.rows, 2)
    assert [len(told(page)) for page in pages if ("b", "every 1m") in told(page)] == [39 + (len(pages) < 3)]
    assert [each for page in pages for each in told(page)] == told(table.rows.page("", 1000))


def test_names_are_in_the_order_of_code_points(table: Table) -> None:
    wanted = ["Zoo", "a b", "a-b", "ab", "zoo", "Ärger", "ärger", "名", "😀"]
    table.execute(INSERT + ", ".join(f"('{name}', 't', 'every 1m')" for name in reversed(wanted)))
    assert [name for page in all_pages(table.rows, 2) for name, _ in told(page)] == wanted


def test_a_calendar_makes_versions_of_the_rows_that_name_it(table: Table) -> None:
    table.execute(
        "INSERT INTO beatd_schedules (name, task, schedule, exclude) VALUES ('a', 't', 'every 5m', 'calendar office'), "
        "('b', 't', 'every 5m', 'calendar other'), ('c', 't', 'every 5m', NULL)"
    )
    lengths, last = [], 0
    mark = table.rows.mark()
    for statement in (
        CALENDAR,
        'UPDATE beatd_calendars SET closed = \'["sat", "sun"]\'',
        "DELETE FROM beatd_calendars",
        CALENDAR,
        "UPDATE beatd_calendars SET closed = '[\"someday\"]'",
    ):
        tick(table)
        table.execute(statement)
        changed = table.rows.changed(mark)
        mark = changed.mark
        assert names(changed) == ["a"]
        versions = table.rows.of(["a"]).versions
        lengths.append(len(versions))
        assert versions[-1].number > last
        last = versions[-1].number
        assert prints(table.rows)[0] == ("a", last, versions[-1].fingerprint)
    assert lengths == [2, 3, 4, 5, 6]
    usable = [None if each.entry is None else each.entry.calendars["office"] for each in versions]
    assert usable == [None, {"closed": ["sun"]}, {"closed": ["sat", "sun"]}, None, {"closed": ["sun"]}, None]
    assert versions[-1].error is not None
    assert "row 'office' of beatd_calendars: closed: 'someday' is not a day" in versions[-1].error
    assert len({each.fingerprint for each in versions}) == 4


ROW = "UPDATE beatd_schedules SET schedule = 'every 1h'"
DAYS = "UPDATE beatd_calendars SET closed = '[\"mon\"]'"


@pytest.mark.parametrize(
    ("late", "quick"),
    [
        (ROW, DAYS),
        (DAYS, ROW),
        (DAYS, "UPDATE beatd_schedules SET exclude = 'calendar other | calendar office'"),
        ("UPDATE beatd_schedules SET exclude = NULL", DAYS),
        ("UPDATE beatd_schedules SET exclude = 'calendar other'", DAYS),
        ("DELETE FROM beatd_schedules", DAYS),
        ("DELETE FROM beatd_calendars", ROW),
        (ROW, "DELETE FROM beatd_calendars"),
        ("INSERT INTO beatd_calendars (name) VALUES ('other')", ROW),
    ],
)
def test_what_was_seen_before_a_lower_number_was_committed_is_known(postgresql: Table, late: str, quick: str) -> None:
    postgresql.execute(
        CALENDAR,
        "INSERT INTO beatd_schedules (name, task, schedule, exclude) "
        "VALUES ('a', 't', 'every 5m', 'calendar office | calendar other')",
        "UPDATE beatd_calendars SET closed = '[\"sat\"]'",
    )
    rows, is_there = postgresql.rows, "FROM beatd_schedules" not in late
    with closing(postgresql.connect()) as other:
        other.execute(late)
        postgresql.execute(quick)
        seen = rows.of(["a"]).versions[-1]
        other.commit()
    used = {"a": [(seen.number, seen.fingerprint)]}
    page = rows.of(["a"], used)
    assert (page.versions[-1], page.overtaken) == (seen, {"a": is_there})
    now = rows.of(["a"])
    assert (seen in now.versions, now.overtaken) == (False, {})
    rows.touch({"a": (seen.number if is_there else None, seen.number)})
    page = rows.of(["a"], used)
    assert (seen in page.versions, page.overtaken, page.versions[-1].removed) == (True, {}, not is_there)
    assert page.versions[-1].number > seen.number
    assert (page.versions[-1].entry is None) == (now.versions[-1].entry is None)
    assert [each.number for each in page.versions] == sorted({each.number for each in page.versions})


def test_a_version_that_nobody_can_have_seen_stays_unknown(table: Table) -> None:
    table.execute(
        CALENDAR, INSERT.replace("schedule)", "schedule, exclude)") + "('a', 't', 'every 5m', 'calendar office')", DAYS
    )
    versions = table.rows.of(["a"]).versions
    for used in ((versions[-1].number, 5), (versions[-1].number + 5, versions[-1].fingerprint), (0, 0)):
        page = table.rows.of(["a", "b"], {"a": [used], "b": [used]})
        assert (page.versions, page.overtaken) == (versions, {})
