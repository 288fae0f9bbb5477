"""The triggers on SQLite: REPLACE, and clients with settings of their own."""

import sqlite3

import pytest
from sqlalchemy import select

from beatd.sqlkit.database import open_database
from beatd.sqlkit.rows import micros
from beatd.sqlkit.schema import schedules
from tests.sqlkit.editing import editor_of_new_tables


@pytest.fixture
def editor(tmp_path):
    with editor_of_new_tables(f"sqlite:///{tmp_path}/beatd.db") as made:
        yield made


REPLACE = "INSERT OR REPLACE INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'every 2h'), ('b', 't', 'y')"


def test_a_row_that_is_replaced_is_a_version_of_the_same_life(editor):
    editor.add("a", queue="'q'")
    generation, number = editor.generation("a"), editor.at("a")
    editor.do(REPLACE)
    assert editor.ops("a") == ["insert", "was", "insert"]
    assert editor.ops("b") == ["insert"]
    was = editor.log("a")[1]
    assert (was.changed_at, was.former_changed_at, was.former["queue"]) == (number, number, "q")
    assert editor.generation("a") == generation
    assert editor.at("a") > number
    editor.do("DELETE FROM beatd_schedules")
    editor.do(REPLACE)
    assert editor.ops("a") == ["insert", "was", "insert", "delete", "insert"]
    assert editor.generation("a") > generation
    assert [line.changed_at for line in editor.log("a")] == sorted(line.changed_at for line in editor.log("a"))


def test_where_replacing_fires_the_triggers_of_deletion_it_is_a_new_life(editor):
    editor.add("a", queue="'q'")
    generation = editor.generation("a")
    editor.do("PRAGMA recursive_triggers = ON")
    editor.do(REPLACE)
    assert editor.ops("a") == ["insert", "was", "delete", "insert"]
    assert editor.log("a")[2].former["queue"] == "q"
    assert editor.generation("a") > generation
    editor.do("UPDATE beatd_schedules SET queue = 'r'")
    editor.do("UPDATE beatd_schedules SET error = 'x'")
    assert editor.ops("a")[4:] == ["update"]
    editor.assert_whole("a")


@pytest.mark.parametrize("recursive", ["OFF", "ON"])
def test_a_row_that_is_renamed_onto_another_ends_that_one(editor, recursive):
    editor.do(f"PRAGMA recursive_triggers = {recursive}")
    editor.add("a", "b")
    editor.do("UPDATE beatd_schedules SET queue = 'of b' WHERE name = 'b'")
    generation = editor.generation("b")
    editor.do("UPDATE OR REPLACE beatd_schedules SET name = 'b' WHERE name = 'a'")
    assert editor.ops("a") == ["insert", "delete"]
    assert editor.ops("b") == ["insert", "update", "was", "delete", "insert"]
    assert editor.log("b")[3].former["queue"] == "of b"
    assert editor.generation("b") > generation
    editor.assert_whole("a")
    numbers = [line.changed_at for line in editor.log("b") if line.op != "was"]
    assert numbers == sorted(set(numbers))


def test_a_rename_that_is_ignored_ends_nothing(editor):
    editor.add("a", "b")
    number = editor.at("b")
    editor.do("UPDATE OR IGNORE beatd_schedules SET name = 'b' WHERE name = 'a'")
    assert (editor.at("b"), editor.ops("a")) == (number, ["insert"])
    assert [op for op in editor.ops("b") if op != "was"] == ["insert"]
    editor.do("DELETE FROM beatd_schedules")
    editor.add("b")
    editor.assert_whole("b")


def test_names_that_move_up_in_one_statement_each_begin_a_life(editor):
    editor.add("c", "b", "a")
    editor.do("DELETE FROM beatd_schedules WHERE name = 'c'")
    for new, old in ("cb", "ba"):
        editor.do(f"UPDATE beatd_schedules SET name = '{new}' WHERE name = '{old}'")
    assert editor.ops("b") == ["insert", "delete", "insert"]
    for name in "abc":
        editor.assert_whole(name)


def test_a_calendar_that_is_replaced_is_kept_as_it_was(editor):
    editor.do("INSERT INTO beatd_calendars (name, country) VALUES ('c', 'DE')")
    editor.do("INSERT OR REPLACE INTO beatd_calendars (name, country) VALUES ('c', 'AT')")
    assert editor.ops("c", "calendar") == ["insert", "was", "insert"]
    assert editor.log("c", "calendar")[1].former == {"country": "DE"}


@pytest.mark.parametrize("given", ["yesterday", "", "2460000.5", "12:00"])
def test_a_number_that_is_no_moment_is_no_floor(editor, given):
    editor.add("a")
    number = editor.at("a")
    editor.do(f"UPDATE beatd_schedules SET changed_at = '{given}'")
    assert number < editor.at("a") < number + 3_600_000_000
    editor.assert_whole("a")


def test_each_client_counts_its_own_rows_only(editor):
    editor.add("a", "b")
    assert editor.do("UPDATE beatd_schedules SET queue = 'q'") == 2
    assert editor.do("DELETE FROM beatd_schedules") == 2


def test_moments_of_former_numbers_are_read_to_the_microsecond(editor):
    editor.add("a")
    for given in ("2100-01-01T00:00:00.999999Z", "2100-01-01T00:00:59.999500Z", "2100-12-31T23:59:59.999999Z"):
        editor.do(f"UPDATE beatd_schedules SET changed_at = '{given}'")
        assert editor.all("SELECT changed_at FROM beatd_schedules") == [(given,)]
    editor.do("UPDATE beatd_schedules SET queue = 'q'")
    assert editor.all("SELECT changed_at FROM beatd_schedules") == [("2101-01-01T00:00:00.000000Z",)]
    editor.assert_whole("a")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"misfire": "'newest'"}, "misfire must be latest, all or skip"),
        ({"overlap": "'no'"}, "overlap must be allow, skip, queue_one or cancel_previous"),
        ({"gap": "''"}, "gap must be shift or skip"),
        ({"fold": "'third'"}, "fold must be first, second or both"),
        ({"business_days": "'all'"}, "business_days must be next, previous or skip"),
        ({"enabled": "2"}, "enabled must be 0 or 1"),
        ({"args": "'[1'"}, "args must be JSON"),
        ({"kwargs": "'{a: 1'"}, "kwargs must be JSON"),
        ({"headers": "'x'"}, "headers must be JSON"),
        ({"tags": "'a, b'"}, "tags must be JSON"),
        ({"enabled": "'yes'"}, "cannot store TEXT value in INTEGER column beatd_schedules.enabled"),
        ({"priority": "'high'"}, "cannot store TEXT value in INTEGER column beatd_schedules.priority"),
        ({"task": "NULL"}, "beatd_schedules.task"),
        ({"queue": "x'00ff'"}, "cannot store BLOB value in TEXT column beatd_schedules.queue"),
    ],
)
def test_a_value_that_no_column_takes_is_refused_by_the_columns_name(editor, columns, told):
    with pytest.raises(sqlite3.IntegrityError) as refused:
        editor.add("a", **columns)
    assert told in str(refused.value)
    assert editor.log() == []


def test_who_reads_rows_reads_the_numbers_that_the_triggers_write(editor):
    editor.add("a")
    db = open_database(editor.url)
    for given in ("2100-01-01T00:00:30.999700Z", "2100-01-01T00:00:59.999999Z"):
        editor.do(f"UPDATE beatd_schedules SET changed_at = '{given}'")
        with db.read() as connection:
            assert connection.execute(select(micros(schedules.c.changed_at))).scalar() == editor.at("a")
    db.close()
