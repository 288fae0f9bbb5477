from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from beatd.core.entry import Version
from beatd.rowports import Told
from tests.conformance.rows.table import CALENDAR, INSERT, Table, names, prints, switch_off, switched_off, tick


def say(version: Version, **given: Any) -> Told:
    told = {"next_fire": 1_800_000_000_123_456, "last_fire": None, "runs": 0, "error": None, **given}
    return Told(name=version.name, number=version.number, **told)


def seen(table: Table, name: str) -> tuple[Any, ...]:
    columns = "next_fire_at, last_fire_at, run_count, error"
    if table.is_postgresql:
        columns = "beatd_us(next_fire_at), beatd_us(last_fire_at), run_count, error"
    with closing(table.connect()) as connection:
        found: Sequence[Any] = connection.execute(
            f"SELECT {columns} FROM beatd_schedules WHERE name = '{name}'"
        ).fetchone()
    return tuple(found)


def test_what_a_scheduler_writes_back_is_seen_and_is_no_edit(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m'), ('c', 't', 'every 1m')")
    table.execute("UPDATE beatd_schedules SET enabled = false WHERE name = 'c'")
    page = table.rows.page("", 10)
    assert page.untold == ["a", "b"]
    mark = table.rows.mark()
    first, second, *_ = page.versions
    table.rows.tell([say(first, last_fire=1_799_999_999_000_000, runs=3), say(second, next_fire=None, error="no")])
    expected: tuple[Any, ...] = (1_800_000_000_123_456, 1_799_999_999_000_000, 3, None)
    if not table.is_postgresql:
        expected = ("2027-01-15T08:00:00.123456Z", "2027-01-15T07:59:59.000000Z", 3, None)
    assert seen(table, "a") == expected
    assert seen(table, "b") == (None, None, 0, "no")
    assert names(table.rows.changed(mark)) == []
    assert table.rows.of(["a"]).versions == [first]
    assert table.rows.page("", 10).untold == []


def test_a_row_that_was_changed_meanwhile_is_not_written_to(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    (version,) = table.rows.of(["a"]).versions
    table.execute("UPDATE beatd_schedules SET schedule = 'every 2m'")
    table.rows.tell([say(version)])
    assert seen(table, "a") == (None, None, 0, None)


def test_a_row_that_is_locked_is_passed_over_and_told(postgresql: Table) -> None:
    postgresql.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m'), ('c', 't', 'every 1m')")
    versions = postgresql.rows.of(["a", "b", "c"]).versions
    postgresql.execute("UPDATE beatd_schedules SET schedule = 'every 2m' WHERE name = 'c'")
    told = [say(each) for each in versions]
    with closing(postgresql.connect()) as other:
        other.execute("SELECT * FROM beatd_schedules WHERE name = 'a' FOR UPDATE")
        assert postgresql.rows.tell(told) == ["a"]
    assert seen(postgresql, "a")[0] is None
    assert seen(postgresql, "b")[0] == 1_800_000_000_123_456
    assert postgresql.rows.tell(told) == []
    assert seen(postgresql, "a")[0] == 1_800_000_000_123_456


def written(table: Table) -> Any:
    """Return what differs once anything was written, or a row locked."""
    if table.is_postgresql:
        return table.value("SELECT array_agg((xmin, xmax)::text ORDER BY name) FROM beatd_schedules")
    return Path(f"{table.url.removeprefix('sqlite:///')}-wal").stat().st_size


def test_what_is_told_again_as_it_is_is_not_written_again(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m')")
    first, second = table.rows.of(["a", "b"]).versions
    told = [say(first, next_fire=None, error="no"), say(second, runs=1)]
    assert table.rows.tell(told) == []
    before = written(table)
    assert table.rows.tell(told) == []
    assert written(table) == before
    assert table.rows.tell([say(second, runs=2)]) == []
    assert seen(table, "b")[2] == 2


def test_a_row_that_names_a_calendar_is_written_to_under_the_number_of_its_version(table: Table) -> None:
    table.execute(
        "INSERT INTO beatd_schedules (name, task, schedule, exclude) VALUES ('a', 't', 'every 5m', 'calendar office')",
        CALENDAR,
    )
    *_, version = table.rows.of(["a"]).versions
    table.rows.tell([say(version, runs=2)])
    assert seen(table, "a")[2] == 2
    above = version.number + 5_000_000
    table.rows.touch({"a": (version.number, above)})
    assert table.rows.of(["a"]).versions[-1].number > above


def test_many_rows_are_written_back_at_once(table: Table) -> None:
    table.execute(INSERT + ", ".join(f"('entry-{number:04d}', 't', 'every 1m')" for number in range(1200)))
    table.rows.tell([say(each, runs=5) for each in table.rows.page("", 2000).versions])
    assert table.value("SELECT count(*) FROM beatd_schedules WHERE run_count = 5") == 1200


def test_a_touched_row_is_a_new_version_as_it_is(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    (version,) = table.rows.of(["a"]).versions
    mark = table.rows.mark()
    ahead = version.number + 10_000_000_000
    table.rows.touch({"a": (version.number, ahead)})
    changed = table.rows.changed(mark)
    assert names(changed) == ["a"]
    former, latter = table.rows.of(["a"]).versions
    assert former == version
    assert latter.number == ahead + 1
    assert (latter.fingerprint, latter.generation) == (version.fingerprint, version.generation)
    # Somebody else has touched it meanwhile.
    table.rows.touch({"a": (version.number, ahead)})
    assert names(table.rows.changed(changed.mark)) == []


def test_a_number_is_exact_to_the_microsecond(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    number = prints(table.rows)[0][1]
    ahead = (number // 10**6 + 3600) * 10**6 + 999_998
    table.rows.touch({"a": (number, ahead)})
    assert prints(table.rows)[0][1] == ahead + 1
    table.rows.touch({"a": (ahead + 1, ahead + 1)})
    assert [each.number for each in table.rows.of(["a"]).versions] == [number, ahead + 1, ahead + 2]
    table.rows.tell([say(table.rows.of(["a"]).versions[-1], runs=4)])
    assert seen(table, "a")[2] == 4


def test_a_removal_is_noted_where_there_is_no_row(table: Table) -> None:
    mark = table.rows.mark()
    table.rows.touch({"gone": (None, 5)})
    changed = table.rows.changed(mark)
    assert names(changed) == ["gone"]
    (version,) = table.rows.of(["gone"]).versions
    assert (version.entry, version.error) == (None, None)
    assert version.number > changed.now - 60_000_000
    table.rows.touch({"gone": (None, version.number + 10**10)})
    assert table.rows.of(["gone"]).versions[-1].number == version.number + 10**10 + 1
    table.execute(INSERT + "('there', 't', 'every 1m')")
    table.rows.touch({"there": (None, 5)})
    assert table.told("there") == [("there", "every 1m")]


def test_a_name_whose_removal_was_noted_ahead_of_time_may_come_back(table: Table) -> None:
    ahead = table.rows.changed(None).now + 10**10
    table.rows.touch({"a": (None, ahead)})
    table.execute(INSERT + "('a', 't', 'every 1m')")
    assert table.told("a") == [("a", None), ("a", "every 1m")]


def test_rows_written_behind_the_triggers_are_told_and_can_be_touched(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m'), ('b', 't', 'every 1m')")
    before = prints(table.rows)
    switch_off(table)
    table.execute(
        "UPDATE beatd_schedules SET schedule = 'every 2m' WHERE name = 'a'",
        "DELETE FROM beatd_schedules WHERE name = 'b'",
        INSERT + "('c', 't', 'every 1m')",
    )
    after = prints(table.rows)
    assert [(name, number) for name, number, _ in after] == [("a", before[0][1]), ("c", 0)]
    assert after[0][2] != before[0][2]
    assert table.told("a", "b", "c") == [("a", "every 2m"), ("c", "every 1m")]
    assert table.rows.of(["c"]).versions[0].generation == 0
    table.rows.touch({"a": (before[0][1], before[0][1]), "b": (None, before[1][1]), "c": (0, 0)})
    assert all(number > former for (_, number, _), (_, former, _) in zip(prints(table.rows), after, strict=True))
    assert table.told("b") == [("b", None)]


NO_MOMENTS = {
    "sqlite": ["''", "'nonsense'", "'9999-99-99T99:99:99.999999Z'", "CAST(x'ff' AS TEXT)"],
    "postgresql": ["'infinity'", "'-infinity'", "'294276-12-31'", "'9999-01-01'", "'4713-01-01 BC'"],
}


def test_what_is_no_moment_of_an_edit_spoils_no_other_row_and_the_next_edit_mends_it(table: Table) -> None:
    moments = NO_MOMENTS["postgresql" if table.is_postgresql else "sqlite"]
    table.execute(INSERT + "('good', 't', 'every 1m')")
    for moment in moments:
        table.execute("DELETE FROM beatd_schedules WHERE name <> 'good'")
        with switched_off(table):
            table.execute(
                "INSERT INTO beatd_schedules (name, task, schedule, changed_at) "
                f"VALUES ('a', 't', 'every 1m', {moment}), ('b', 't', 'every 1m', {moment}), "
                f"('c', 't', 'every 1m', {moment})"
            )
        assert [(name, number > 0) for name, number, _ in prints(table.rows)] == [
            ("a", False), ("b", False), ("c", False), ("good", True),
        ]  # fmt: skip
        table.rows.touch({"a": (0, 0)})
        table.execute(
            "UPDATE beatd_schedules SET schedule = 'every 2m' WHERE name = 'b'",
            "DELETE FROM beatd_schedules WHERE name = 'c'",
        )
        now = table.rows.changed(None).now
        assert [0 < number <= now for _, number, _ in prints(table.rows)] == [True, True, True], moment
        assert table.told("c")[-1] == ("c", None)


def prune(table: Table, before: int = 2**60, limit: int = 100, **taken_in: int) -> int:
    return table.rows.prune(before=before, limit=limit, taken_in=taken_in.get)


def test_versions_that_were_taken_in_long_ago_are_forgotten(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m'), ('z', 't', 'every 1m')")
    table.execute(*[f"UPDATE beatd_schedules SET schedule = 'every {n}m' WHERE name = 'a'" for n in (2, 3)])
    table.execute("UPDATE beatd_schedules SET schedule = 'every 9m' WHERE name = 'z'")
    first, second, third = (each.number for each in table.rows.of(["a"]).versions)
    assert prune(table, before=first) == 0
    assert prune(table, a=first) == 2  # that rows came
    assert table.told("a") == [("a", "every 1m"), ("a", "every 2m"), ("a", "every 3m")]
    assert prune(table, a=second) == 1
    assert table.told("a") == [("a", "every 2m"), ("a", "every 3m")]
    assert prune(table, before=second, a=third) == 0
    assert prune(table, a=third) == 1
    assert table.told("a") == [("a", "every 3m")]
    assert table.told("z") == [("z", "every 1m"), ("z", "every 9m")]


def test_a_removal_stays_as_long_as_anything_else_of_its_name(table: Table) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    table.execute("UPDATE beatd_schedules SET schedule = 'every 2m'", "DELETE FROM beatd_schedules")
    table.execute(INSERT + "('last', 't', 'every 1m')")
    numbers = [each.number for each in table.rows.of(["a"]).versions]
    for limit in (1, 1, 1, 1, 1, 1):
        prune(table, limit=limit, a=numbers[-1])
        left = table.told("a")
        assert not left or left[-1] == ("a", None)
    assert left == []


def test_pruning_goes_on_where_it_ended_and_does_not_undo_a_mark(table: Table) -> None:
    table.execute(INSERT + ", ".join(f"('entry-{number:02d}', 't', 'every 1m')" for number in range(50)))
    mark = table.rows.mark()
    assert [prune(table, limit=20) for _ in range(4)] == [20, 20, 9, 0]
    assert names(table.rows.changed(mark)) == []


def excluding(name: str) -> str:
    return (
        "INSERT INTO beatd_schedules (name, task, schedule, exclude) "
        f"VALUES ('{name}', 't', 'every 5m', 'calendar office')"
    )


def test_changes_of_calendars_are_forgotten_once_every_row_has_taken_them_in(table: Table) -> None:
    for statement in (excluding("a"), CALENDAR, "UPDATE beatd_calendars SET closed = '[\"sat\"]'", excluding("b")):
        table.execute(statement)
        tick(table)
    first, second, third = (each.number for each in table.rows.of(["a"]).versions)
    assert prune(table, a=first) == 1  # that a row came
    assert len(table.rows.of(["a"]).versions) == 3
    assert prune(table, a=second) == 1
    assert [each.number for each in table.rows.of(["a"]).versions] == [second, third]
    assert prune(table, before=second, a=third) == 0
    assert prune(table, a=third, b=third - 1) == 0
    assert prune(table, a=third) == 1
    assert [each.number for each in table.rows.of(["a"]).versions] == [third]
    assert [each.entry is not None for each in table.rows.of(["a", "b"]).versions] == [True, True]
