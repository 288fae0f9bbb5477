"""The triggers on PostgreSQL: its statements, its clients, its roles, several at once, dumps."""

import shutil
import subprocess
import threading
from contextlib import suppress
from functools import partial
from uuid import uuid4

import psycopg
import pytest

from tests.servers.postgresql import postgres_schema
from tests.sqlkit.editing import Editor, editor_of_new_tables

PLAIN = {"task": "t", "schedule": "every 1h", "enabled": 1}


@pytest.fixture
def url():
    with postgres_schema() as made:
        # One that is found only where it is quoted.
        yield made.replace("beatd_test_", "Beatd$Test_")


@pytest.fixture
def editor(url):
    with editor_of_new_tables(url) as made:
        yield made
        made.do(f'DROP SCHEMA "{made.schema}" CASCADE')


@pytest.fixture
def others(editor):
    """Further editors of the same tables."""
    made = []

    def another():
        made.append(Editor(editor.url))
        return made[-1]

    yield another
    for each in made:
        each.close()


def psql(url, *arguments, given=None):
    base, _, query = url.partition("?schema=")
    found = shutil.which("psql")
    if found is None:
        pytest.skip("psql is not installed")
    told = [found, "-X", "-q", "-v", "ON_ERROR_STOP=1", base, *arguments]
    path = {"PGOPTIONS": f'-c search_path="{query}"', "PATH": "/usr/bin:/bin"} if query else None
    done = subprocess.run(told, input=given, capture_output=True, text=True, check=False, timeout=60, env=path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_psql_does_is_logged(editor):
    text = (
        "BEGIN;\nINSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'every 1h');\n"
        "UPDATE beatd_schedules SET args = '[1]' WHERE name = 'a';\nCOMMIT;\n"
        "\\copy beatd_schedules (name, task, schedule) FROM STDIN WITH (FORMAT csv)\nb,t,every 1h\nc,t,every 2h\n\\.\n"
        "DELETE FROM beatd_schedules WHERE name = 'b' RETURNING name;\n"
    )
    assert "b" in psql(editor.url, given=text)
    assert [editor.ops(name) for name in "abc"] == [["insert", "update"], ["insert", "delete"], ["insert"]]
    for name in "abc":
        editor.assert_whole(name)


def test_copied_rows_are_inserted_rows(editor):
    rows = "".join(f"n{number:04}\tt\tevery 1h\n" for number in range(2000))
    with editor.connection.cursor().copy("COPY beatd_schedules (name, task, schedule) FROM STDIN") as copy:
        copy.write(rows)
    assert (
        editor.all("SELECT count(*), count(DISTINCT changed_at) FROM beatd_changes WHERE op = 'insert'")[0][0] == 2000
    )
    editor.assert_whole("n1234")


def test_truncate_ends_every_line(editor):
    editor.add("a", "b", queue="'q'")
    editor.do("INSERT INTO beatd_calendars (name, country) VALUES ('c', 'DE')")
    editor.do("TRUNCATE beatd_schedules, beatd_calendars")
    assert [editor.ops(name) for name in "ab"] == [["insert", "delete"]] * 2
    assert editor.log("a")[1].former == {**PLAIN, "queue": "q"}
    assert editor.log("c", "calendar")[1].former == {"country": "DE"}
    editor.add("a")
    editor.assert_whole("a")


def test_a_merge_is_what_it_does(editor):
    if editor.connection.info.server_version < 150000:
        pytest.skip("MERGE is of PostgreSQL 15")
    editor.add("a", "b", "c")
    editor.do(
        "MERGE INTO beatd_schedules s USING (VALUES ('a', 'x'), ('b', NULL), ('d', 'x')) AS n (name, queue) "
        "ON s.name = n.name WHEN MATCHED AND n.queue IS NULL THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET queue = n.queue "
        "WHEN NOT MATCHED THEN INSERT (name, task, schedule) VALUES (n.name, 't', 'every 1h')"
    )
    found = [editor.ops(name) for name in "abcd"]
    assert found == [["insert", "update"], ["insert", "delete"], ["insert"], ["insert"]]
    for name in "abcd":
        editor.assert_whole(name)


def test_one_statement_that_ends_a_row_and_begins_it_anew(editor):
    editor.add("a", queue="'q'")
    editor.do("UPDATE beatd_schedules SET changed_at = '2100-01-01Z'")
    generation = editor.generation("a")
    editor.do(
        "WITH gone AS (DELETE FROM beatd_schedules RETURNING *) "
        "INSERT INTO beatd_schedules (name, task, schedule) SELECT name, task, schedule FROM gone"
    )
    assert editor.generation("a") > generation
    lines = sorted(editor.log("a"), key=lambda line: line.changed_at)
    assert [line.op for line in lines] == ["insert", "update", "delete", "insert"]
    assert (lines[-1].changed_at, lines[-1].generation) == (editor.at("a"), editor.generation("a"))


def test_names_that_move_up_in_one_statement_each_begin_a_life(editor):
    editor.add("b", "a")
    generation = editor.generation("b")
    editor.do("UPDATE beatd_schedules SET name = CASE name WHEN 'b' THEN 'c' ELSE 'b' END, queue = name")
    assert editor.ops("a") == ["insert", "delete"]
    assert editor.ops("c") == ["insert"]
    lines = sorted(editor.log("b"), key=lambda line: line.changed_at)
    assert [line.op for line in lines] == ["insert", "delete", "insert"]
    assert lines[1].former == PLAIN
    assert editor.generation("b") > generation
    assert (lines[-1].changed_at, lines[-1].generation) == (editor.at("b"), editor.generation("b"))


def test_replication_logs_nothing(editor):
    editor.add("a")
    editor.do("SET session_replication_role = replica")
    editor.do("UPDATE beatd_schedules SET queue = 'q'")
    editor.do("DELETE FROM beatd_schedules")
    assert editor.ops("a") == ["insert"]


def test_a_long_transaction_writes_the_moments_of_its_statements(editor, others):
    slow, quick = others(), others()
    editor.add("a", "b")
    with slow.transaction():
        slow.do("UPDATE beatd_schedules SET queue = 'slow' WHERE name = 'a'")
        early = slow.at("a")
        quick.do("UPDATE beatd_schedules SET queue = 'quick' WHERE name = 'b'")
        assert editor.ops("a") == ["insert"]
    assert early == editor.at("a") < editor.at("b")
    for name in "ab":
        editor.assert_whole(name)


def test_an_insert_that_waited_for_a_deletion_comes_after_it(editor, others):
    former, waiting = others(), others()
    editor.add("a")
    editor.do("UPDATE beatd_schedules SET changed_at = '2100-01-01Z'")
    with former.transaction():
        for queue in "xyz":
            former.do(f"UPDATE beatd_schedules SET queue = '{queue}'")
        former.do("DELETE FROM beatd_schedules")
        pid = waiting.connection.info.backend_pid
        thread = threading.Thread(target=waiting.add, args=("a",))
        thread.start()
        while not editor.all(f"SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted"):
            assert thread.is_alive()
    thread.join(20)
    assert editor.at("a") > next(line for line in editor.log("a") if line.op == "delete").changed_at
    assert editor.log("a")[-1].changed_at == editor.at("a")


NEW = "INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'every 2h')"
FIRST = {
    "delete": ["DELETE FROM beatd_schedules WHERE name = 'a'"],
    "re-create": ["DELETE FROM beatd_schedules WHERE name = 'a'", NEW],
    "rename": ["UPDATE beatd_schedules SET name = 'c' WHERE name = 'a'"],
    "change": ["UPDATE beatd_schedules SET queue = 'x' WHERE name = 'a'"],
    "change and think better": [
        *("SAVEPOINT s", "UPDATE beatd_schedules SET queue = 'x'", "ROLLBACK TO s"),
        "UPDATE beatd_schedules SET queue = 'y' WHERE name = 'a'",
    ],
}
SECOND = {
    "insert": NEW,
    "upsert": f"{NEW} ON CONFLICT (namespace, name) DO UPDATE SET schedule = excluded.schedule",
    "change": "UPDATE beatd_schedules SET queue = 'z' WHERE name = 'a'",
    "rename": "UPDATE beatd_schedules SET name = 'a' WHERE name = 'b'",
    "delete": "DELETE FROM beatd_schedules WHERE name = 'a'",
}


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_two_who_change_a_name_at_once_make_no_two_versions_of_one_moment(editor, others, first, second):
    former, waiting = others(), others()
    editor.add("a", "b")
    with former.transaction():
        for statement in FIRST[first]:
            former.do(statement)
        thread = threading.Thread(target=_try_to, args=(waiting, SECOND[second]))
        thread.start()
        pid = waiting.connection.info.backend_pid
        while not editor.all(f"SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted"):
            assert thread.is_alive()
    thread.join(20)
    told = [(line.former_changed_at, line.former) for line in editor.log("a") if line.former is not None]
    told += [(line.changed_at, None) for line in editor.log("a") if line.op == "delete"]
    told += [(editor.at("a"), "now")] if editor.at("a") is not None else []
    assert len({moment for moment, _ in told}) == len(told)
    assert editor.at("a") in (None, max(moment for moment, _ in told))


def _try_to(editor, statement):
    with suppress(psycopg.errors.UniqueViolation):
        editor.do(statement)


def test_rows_that_many_change_at_once_keep_rising(editor, others):
    editor.add("a")

    def change(mine, word):
        for number in range(40):
            mine.do(f"UPDATE beatd_schedules SET queue = '{word}{number}'")

    threads = [threading.Thread(target=change, args=(others(), word)) for word in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert editor.ops("a") == ["insert"] + ["update"] * 120
    editor.assert_whole("a")


def test_a_plan_made_for_one_row_does_for_many(editor):
    notices = []
    editor.connection.add_notice_handler(lambda notice: notices.append(notice.message_detail or notice.message_primary))
    editor.add("a")
    try:
        editor.do("LOAD 'auto_explain'")
    except psycopg.Error:
        pytest.skip("auto_explain is not installed, or not for this user")
    for setting in ("log_nested_statements = on", "log_min_duration = 0", "log_level = notice"):
        editor.do(f"SET auto_explain.{setting}")
    editor.do("SET client_min_messages = notice")
    for queue in "xy":
        editor.do(f"UPDATE beatd_schedules SET queue = '{queue}'")
    plans = [text for text in notices if "gone o" in text and "come n" in text]
    assert plans
    assert [text for text in plans if "Nested Loop" in text] == []


def test_an_edit_wakes_those_who_listen_and_what_beatd_writes_back_does_not(editor, others):
    listener = others()
    listener.do("LISTEN beatd_schedules")
    # Tables of other schemas in this database are edited meanwhile.
    is_own = partial(_is_of, editor.connection.info.backend_pid)
    editor.add("a")
    assert any(map(is_own, listener.connection.notifies(timeout=10)))
    editor.do("UPDATE beatd_schedules SET error = 'x', run_count = 1")
    editor.do("UPDATE beatd_schedules SET task = task")
    editor.do("DELETE FROM beatd_schedules WHERE name = 'nobody'")
    editor.do("UPDATE beatd_schedules SET queue = 'q'")
    with listener.transaction():
        heard = list(filter(is_own, listener.connection.notifies(timeout=1)))
    assert len(heard) <= 1


def _is_of(pid, notify):
    return notify.pid == pid


def test_a_dump_is_restored_with_what_makes_it_work(editor):
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    editor.add("a", "b", args="'[1]'")
    editor.do("UPDATE beatd_schedules SET queue = 'q' WHERE name = 'a'")
    before = editor.at("a"), editor.generation("a"), editor.log("a")
    source, target = editor.url.partition("?")[0], f"beatd_test_{uuid4().hex[:16]}"
    dump = ["pg_dump", "--schema", f'"{editor.schema}"', "--dbname", source]
    text = subprocess.run(dump, capture_output=True, text=True, check=True, timeout=60).stdout
    editor.do(f'CREATE DATABASE "{target}"')
    try:
        copied = source.rpartition("/")[0] + f"/{target}"
        psql(copied, given=text)
        copy = Editor(f"{copied}?schema={editor.schema}")
        assert (copy.at("a"), copy.generation("a"), copy.log("a")) == before
        copy.do("UPDATE beatd_schedules SET queue = 'r'")
        copy.add("c")
        copy.do("DELETE FROM beatd_schedules WHERE name = 'b'")
        for name in "abc":
            copy.assert_whole(name)
        copy.close()
    finally:
        editor.do(f'DROP DATABASE "{target}" WITH (FORCE)' if _forces(editor) else f'DROP DATABASE "{target}"')


def _forces(editor):
    return editor.connection.info.server_version >= 130000


def test_who_edits_needs_no_right_to_the_log_and_cannot_divert_it(editor):
    role = f"beatd_test_{uuid4().hex[:16]}"
    editor.do(f"CREATE ROLE {role} LOGIN")
    try:
        editor.do(f'GRANT USAGE ON SCHEMA "{editor.schema}" TO {role}')
        editor.do(f"GRANT SELECT, INSERT, UPDATE, DELETE ON beatd_schedules, beatd_calendars TO {role}")
        theirs = Editor(editor.url)
        theirs.do(f"SET SESSION AUTHORIZATION {role}")
        theirs.do("CREATE TEMP TABLE beatd_changes (LIKE beatd_schedules)")
        theirs.add("a")
        theirs.do("UPDATE beatd_schedules SET queue = 'q'")
        theirs.do("DELETE FROM beatd_schedules")
        theirs.do("INSERT INTO beatd_calendars (name) VALUES ('c')")
        theirs.do("DROP TABLE beatd_changes")
        for refused in ("SELECT 1 FROM beatd_changes", "DELETE FROM beatd_changes", "SELECT 1 FROM beatd_entries"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                theirs.do(refused)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            theirs.do("ALTER TABLE beatd_schedules DISABLE TRIGGER ALL")
        theirs.close()
        assert editor.ops("a") == ["insert", "update", "delete"]
        assert editor.ops("c", "calendar") == ["insert"]
    finally:
        editor.do(f"DROP OWNED BY {role}")
        editor.do(f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"misfire": "'newest'"}, "misfire must be latest, all or skip"),
        ({"overlap": "'no'"}, "overlap must be allow, skip, queue_one or cancel_previous"),
        ({"task": "NULL"}, '"task"'),
    ],
)
def test_a_value_that_no_column_takes_is_refused_by_the_columns_name(editor, columns, told):
    with pytest.raises(psycopg.errors.IntegrityError) as refused:
        editor.add("a", **columns)
    assert told in str(refused.value)
    assert editor.log() == []


def test_every_column_says_what_it_is_for(editor):
    without = editor.all(
        "SELECT a.attrelid::regclass, a.attname FROM pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped AND "
        "a.attrelid IN ('beatd_schedules'::regclass, 'beatd_calendars'::regclass) "
        "AND col_description(a.attrelid, a.attnum) IS NULL"
    )
    assert without == []
