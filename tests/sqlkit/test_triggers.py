"""The triggers: whoever edits the tables, and however, numbers rise and the log has what there was."""

import json
import random

import pytest

from beatd.sqlkit import migrate
from beatd.sqlkit.database import open_database
from tests.servers.places import place_for_entries
from tests.sqlkit.editing import Editor

HOUR = 3_600_000_000
PLAIN = {"task": "t", "schedule": "every 1h", "enabled": 1}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    yield from place_for_entries(request.param, tmp_path)


@pytest.fixture
def db(url):
    made = open_database(url)
    migrate.upgrade(made)
    yield made
    made.close()


@pytest.fixture
def editor(db, url):
    made = Editor(url)
    yield made
    made.close()


def test_an_insert_gives_a_number_and_a_generation(editor):
    editor.add("a")
    (line,) = editor.log()
    assert line == ("insert", editor.generation("a"), editor.at("a"), None, None)
    assert abs(line.generation - line.changed_at) < HOUR
    editor.assert_whole("a")


def test_each_row_of_one_insert_has_its_line(editor):
    editor.add("a", "b", "c")
    assert [line.op for line in editor.log()] == ["insert"] * 3
    for name in "abc":
        editor.assert_whole(name)


def test_an_update_keeps_what_the_row_was(editor):
    editor.add("a", args="'[1, \"x\"]'", tags="'[]'", priority="3")
    was = editor.generation("a")
    editor.do("UPDATE beatd_schedules SET schedule = 'every 2h', priority = NULL WHERE name = 'a'")
    _, line = editor.log()
    assert (line.op, line.generation, editor.generation("a")) == ("update", was, was)
    assert json.loads(line.former.pop("args")) == [1, "x"]
    assert line.former == {**PLAIN, "tags": "[]", "priority": 3}
    editor.assert_whole("a")


def test_a_bulk_update_logs_only_the_rows_that_it_changed(editor):
    editor.add("a", "b", "c")
    editor.add("d", queue="'slow'")
    assert editor.do("UPDATE beatd_schedules SET queue = 'slow'") == 4
    assert [editor.ops(name) for name in "abcd"] == [["insert", "update"]] * 3 + [["insert"]]
    for name in "abcd":
        editor.assert_whole(name)


def test_an_update_that_changes_nothing_logs_nothing(editor):
    editor.add("a")
    before = editor.at("a")
    assert editor.do("UPDATE beatd_schedules SET task = task, schedule = 'every 1h'") == 1
    assert (editor.at("a"), len(editor.log())) == (before, 1)


def test_what_beatd_writes_back_logs_nothing_and_leaves_the_number(editor):
    editor.add("a", "b")
    before = editor.at("a")
    moment = "'2026-01-01T00:00:00.000000Z'"
    editor.do(
        f"UPDATE beatd_schedules SET next_fire_at = {moment}, last_fire_at = {moment}, run_count = 7, error = 'no'"
    )
    assert (editor.at("a"), len(editor.log())) == (before, 2)
    editor.do("UPDATE beatd_schedules SET error = NULL, queue = 'q' WHERE name = 'a'")
    assert editor.ops("a") == ["insert", "update"]
    editor.assert_whole("a")


def test_a_delete_ends_the_line_with_what_there_was(editor):
    editor.add("a", "b", description="'nightly'")
    number, generation = editor.at("a"), editor.generation("a")
    editor.do("DELETE FROM beatd_schedules WHERE name = 'a'")
    line = editor.log("a")[-1]
    assert line[:2] == ("delete", generation)
    assert line.changed_at > line.former_changed_at == number
    assert line.former == {**PLAIN, "description": "nightly"}
    editor.do("DELETE FROM beatd_schedules")
    assert editor.ops("b") == ["insert", "delete"]


def test_a_name_that_comes_back_is_a_new_life_above_the_former(editor):
    editor.add("a", generation="8000000000000000")
    assert editor.generation("a") == 8_000_000_000_000_000
    editor.do("DELETE FROM beatd_schedules")
    editor.add("a")
    assert editor.generation("a") == 8_000_000_000_000_001
    editor.do("DELETE FROM beatd_schedules")
    editor.add("a", generation="17")
    assert editor.generation("a") == 8_000_000_000_000_002
    assert editor.ops("a") == ["insert", "delete"] * 2 + ["insert"]
    editor.assert_whole("a")


@pytest.mark.parametrize("given", ["9223372036854775807", "-1", "0"])
def test_a_generation_that_leaves_no_room_for_the_next_is_not_taken(editor, given):
    editor.add("a", generation=given)
    assert abs(editor.generation("a") - editor.at("a")) < HOUR


def test_a_new_name_ends_one_life_and_begins_another(editor):
    editor.add("a", description="'as it was'")
    before = editor.generation("a")
    editor.do("UPDATE beatd_schedules SET name = 'b', description = NULL")
    assert (editor.ops("a"), editor.ops("b")) == (["insert", "delete"], ["insert"])
    assert editor.log("a")[-1].former["description"] == "as it was"
    assert editor.generation("b") >= before
    editor.do("UPDATE beatd_schedules SET name = 'a'")
    assert editor.generation("a") > before
    for name in "ab":
        editor.assert_whole(name)


def test_a_row_that_moves_to_another_namespace_is_another(editor):
    editor.add("a")
    editor.do("UPDATE beatd_schedules SET namespace = 'other'")
    assert editor.ops("a") == ["insert", "delete"]
    assert [line.op for line in editor.log("a", namespace="other")] == ["insert"]


def test_the_same_name_in_two_namespaces_is_two_rows(editor):
    editor.add("a")
    editor.add("a", namespace="'other'", generation="77")
    editor.do("UPDATE beatd_schedules SET queue = 'q' WHERE namespace = 'other'")
    assert editor.ops("a") == ["insert"]
    assert [line[:2] for line in editor.log("a", namespace="other")] == [("insert", 77), ("update", 77)]


def test_an_upsert_is_an_insert_or_an_update(editor):
    upsert = (
        "INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'every 1h'), ('b', 't', 'every 2h') "
        "ON CONFLICT (namespace, name) DO UPDATE SET schedule = excluded.schedule"
    )
    editor.add("a", schedule="'every 5h'")
    before = editor.generation("a")
    editor.do(upsert)
    assert [op for op in editor.ops("a") if op != "was"] == ["insert", "update"]
    assert editor.ops("b") == ["insert"]
    assert editor.log("a")[-1].former["schedule"] == "every 5h"
    assert editor.generation("a") == before
    number = editor.at("a")
    editor.do(upsert)
    assert editor.at("a") == number
    for name in "ab":
        editor.assert_whole(name)


def test_an_upsert_that_leaves_what_is_there_changes_no_number(editor):
    editor.add("a")
    number = editor.at("a")
    editor.do("INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 'x', 'y') ON CONFLICT DO NOTHING")
    assert (editor.at("a"), [op for op in editor.ops("a") if op != "was"]) == (number, ["insert"])
    editor.do("DELETE FROM beatd_schedules")
    editor.add("a")
    assert editor.ops("a")[-2:] == ["delete", "insert"]
    editor.assert_whole("a")


def test_an_insert_that_fails_leaves_nothing(editor):
    editor.add("a")
    with pytest.raises(Exception, match=r"(?i)unique"):
        editor.add("b", "a")
    assert len(editor.log()) == 1


@pytest.mark.parametrize("given", ["NULL", "'2001-01-01T00:00:00.000000Z'", "'2001-01-01 00:00:00+02:00'"])
def test_a_client_that_writes_the_number_touches_the_row(editor, given):
    editor.add("a")
    former, generation = editor.at("a"), editor.generation("a")
    editor.do(f"UPDATE beatd_schedules SET changed_at = {given}, generation = 5")
    assert editor.ops("a") == ["insert", "update"]
    assert editor.at("a") > former
    assert editor.generation("a") == generation
    editor.assert_whole("a")


def test_a_stale_number_of_a_version_before_does_not_come_back(editor):
    editor.add("a")
    (((stale,),), first) = editor.all("SELECT changed_at FROM beatd_schedules"), editor.at("a")
    editor.do("UPDATE beatd_schedules SET queue = 'q'")
    second = editor.at("a")
    editor.do(f"UPDATE beatd_schedules SET changed_at = '{stale}'")
    assert first < second < editor.at("a")
    editor.do(f"UPDATE beatd_schedules SET changed_at = '{stale}', queue = 'r'")
    assert editor.ops("a") == ["insert", "update", "update", "update"]
    editor.assert_whole("a")


def test_a_later_number_is_the_least_that_the_next_has(editor):
    editor.add("a")
    editor.do("UPDATE beatd_schedules SET changed_at = '2100-01-01T00:00:00.999999Z'")
    assert editor.at("a") == 4_102_444_800_999_999
    # As after a clock that went back: the number of the version before lies in the future.
    editor.do("UPDATE beatd_schedules SET queue = 'q'")
    assert editor.at("a") == 4_102_444_801_000_000
    editor.do("UPDATE beatd_schedules SET queue = 'r'")
    editor.do("DELETE FROM beatd_schedules")
    assert editor.log("a")[-1].changed_at == 4_102_444_801_000_002
    editor.add("a")
    assert editor.at("a") > 4_102_444_801_000_002
    editor.assert_whole("a")


@pytest.mark.parametrize("given", ["9999-12-31T23:59:59.999999Z", "infinity"])
def test_a_number_that_nobody_can_mean_is_no_floor(editor, given):
    editor.add("a")
    editor.do(f"UPDATE beatd_schedules SET changed_at = '{given}'")
    assert abs(editor.at("a") - editor.log("a")[0].changed_at) < HOUR
    editor.assert_whole("a")


def test_a_row_that_came_by_without_triggers_can_be_edited(editor, db):
    editor.add("a", "b", "c")
    with db.write() as connection:
        _without_triggers(connection, "UPDATE beatd_schedules SET changed_at = NULL, generation = NULL")
        _without_triggers(connection, "DELETE FROM beatd_changes")
    editor.do("UPDATE beatd_schedules SET queue = 'q' WHERE name = 'a'")
    assert (editor.ops("a"), editor.log("a")[0].former_changed_at) == (["update"], None)
    assert editor.at("a") == editor.log("a")[-1].changed_at
    assert editor.generation("a") == editor.log("a")[-1].generation
    editor.do("DELETE FROM beatd_schedules WHERE name = 'b'")
    editor.do("UPDATE beatd_schedules SET name = 'd' WHERE name = 'c'")
    assert (editor.ops("b"), editor.ops("c"), editor.ops("d")) == (["delete"], ["delete"], ["insert"])


def test_a_statement_that_changes_nothing_may_meet_a_row_that_came_by_without_triggers(editor, db):
    editor.add("a", "b")
    with db.write() as connection:
        _without_triggers(connection, "UPDATE beatd_schedules SET changed_at = NULL, generation = NULL")
        _without_triggers(connection, "DELETE FROM beatd_changes")
    editor.do("UPDATE beatd_schedules SET queue = CASE name WHEN 'b' THEN 'q' END")
    editor.do("UPDATE beatd_schedules SET error = 'told by beatd'")
    assert (editor.ops("a"), editor.ops("b")) == ([], ["update"])


def _without_triggers(connection, statement):
    if connection.dialect.name == "sqlite":
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        for name, _ in made:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(statement)
        for _, text in made:
            connection.exec_driver_sql(text)
    else:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql("SET LOCAL session_replication_role = origin")


def test_what_is_rolled_back_was_never_there(editor):
    editor.add("a")
    number = editor.at("a")
    with editor.transaction(kept=False):
        editor.do("UPDATE beatd_schedules SET queue = 'q'")
        editor.add("b")
        editor.do("DELETE FROM beatd_schedules WHERE name = 'a'")
    assert (editor.at("a"), len(editor.log())) == (number, 1)


def test_each_statement_of_a_transaction_makes_a_version_at_its_own_moment(editor):
    with editor.transaction():
        editor.add("a")
        for queue in "xyz":
            editor.do(f"UPDATE beatd_schedules SET queue = '{queue}'")
        editor.do("DELETE FROM beatd_schedules")
        editor.add("a")
    assert editor.ops("a") == ["insert", "update", "update", "update", "delete", "insert"]
    assert [line.former and line.former.get("queue") for line in editor.log("a")] == [None, None, "x", "y", "z", None]
    editor.assert_whole("a")


def test_calendars_have_numbers_and_a_log_too(editor):
    editor.do("INSERT INTO beatd_calendars (name, country, dates) VALUES ('c', 'DE', '[\"2026-12-24\"]')")
    editor.do("UPDATE beatd_calendars SET country = country")
    editor.do("UPDATE beatd_calendars SET country = 'AT'")
    editor.do("UPDATE beatd_calendars SET changed_at = '2001-01-01T00:00:00.000000Z'")
    editor.do("UPDATE beatd_calendars SET name = 'd'")
    editor.do("INSERT INTO beatd_calendars (name) VALUES ('c') ON CONFLICT DO NOTHING")
    editor.do("DELETE FROM beatd_calendars WHERE name = 'c'")
    assert editor.ops("c", "calendar") == ["insert", "update", "update", "delete", "insert", "delete"]
    assert editor.ops("d", "calendar") == ["insert"]
    assert editor.log("c", "calendar")[1].former == {"country": "DE", "dates": '["2026-12-24"]'}
    for name in "cd":
        editor.assert_whole(name, "calendar")


def test_an_upsert_of_a_calendar_logs_only_what_happened(editor):
    editor.do("INSERT INTO beatd_calendars (name, country) VALUES ('c', 'DE')")
    upsert = "INSERT INTO beatd_calendars (name, country) VALUES ('c', 'AT') ON CONFLICT "
    editor.do(upsert + "DO NOTHING")
    editor.do(upsert + "(namespace, name) DO UPDATE SET country = excluded.country")
    assert [op for op in editor.ops("c", "calendar") if op != "was"] == ["insert", "update"]
    editor.assert_whole("c", "calendar")


class Model:
    """What the log has to tell: of each name its versions, None where it was gone."""

    def __init__(self, editor, seed):
        self.editor, self.chance = editor, random.Random(seed)
        self.versions = {name: [] for name in "abcd"}
        self.turn = 0

    def there(self):
        return sorted(name for name, versions in self.versions.items() if versions and versions[-1])

    def step(self):
        self.turn += 1
        name, there = self.chance.choice("abcd"), self.there()
        free = sorted(set("abcd") - set(there))
        steps = [self.bulk, self.none, self.back]
        steps += [self.change, self.delete, *([self.rename] if free else [])] if name in there else [self.add]
        self.chance.choice(steps)(name, *free[:1])

    def row(self):
        return {**PLAIN, "description": str(self.turn)}

    def add(self, name, *_):
        self.editor.add(name, description=f"'{self.turn}'")
        self.versions[name].append(self.row())

    def change(self, name, *_):
        told = f"SET description = '{self.turn}', changed_at = NULL WHERE name = '{name}'"
        self.editor.do(f"UPDATE beatd_schedules {told}")
        self.versions[name].append(self.row())

    def delete(self, name, *_):
        self.editor.do(f"DELETE FROM beatd_schedules WHERE name = '{name}'")
        self.versions[name].append(None)

    def rename(self, name, free):
        self.editor.do(f"UPDATE beatd_schedules SET name = '{free}' WHERE name = '{name}'")
        self.versions[free].append(self.versions[name][-1])
        self.versions[name].append(None)

    def bulk(self, *_):
        self.editor.do(f"UPDATE beatd_schedules SET description = '{self.turn}'")
        for each in self.there():
            self.versions[each].append(self.row())

    def none(self, *_):
        self.editor.do("UPDATE beatd_schedules SET error = 'x', run_count = run_count + 1")

    def back(self, *_):
        with self.editor.transaction(kept=False):
            self.editor.do("DELETE FROM beatd_schedules")


@pytest.mark.parametrize("seed", range(6))
def test_random_edits_leave_a_log_from_which_every_version_can_be_read(editor, seed):
    model = Model(editor, seed)
    for _ in range(120):
        model.step()
    for name, versions in model.versions.items():
        editor.assert_whole(name)
        assert [line.former for line in editor.log(name)[1:]] == versions[:-1]
