"""docs/sql.md: the statements that it shows do what it says, and its GRANTs suffice."""

import re
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from beatd import ScheduleStore
from beatd.sqlkit import migrate
from beatd.sqlkit.database import open_database
from beatd.sqlkit.schema import schedules
from beatd.stores.rows import checking
from tests.servers.postgresql import POSTGRES, postgres_schema
from tests.sqlkit.editing import Editor, editor_of_new_tables

TEXT = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()


def block(first):
    """Return the statements of the block of SQL that begins with a comment."""
    (found,) = [body for body in re.findall(r"^```sql\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE) if first in body]
    plain = re.sub(r"^--.*\n", "", found, flags=re.MULTILINE)
    return [statement.strip() for statement in plain.split(";") if statement.strip()]


DAY = block("-- a new entry\n")
RUNNER = block("-- run time\n")
EDITORS = block("-- editors\n")
EDITORS_BY_BEATD = block("-- editors by beatd\n")


@pytest.fixture
def server():
    with postgres_schema() as made:
        db = open_database(made)
        migrate.upgrade(db)
        db.close()
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def editor(request, tmp_path):
    url = f"sqlite:///{tmp_path}/beatd.db" if request.param == "sqlite" else request.getfixturevalue("server")
    with editor_of_new_tables(url) as made:
        yield made


def test_every_column_is_told():
    table = TEXT.partition("| column | type | |\n|---|---|---|\n")[2].partition("\n\n")[0]
    told = [name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert told == [column.name for column in schedules.columns]


def test_the_day_leaves_the_entries_that_it_says(editor):
    assert len(DAY) >= 14
    for statement in DAY:
        editor.do(statement)
    found = editor.all("SELECT name, schedule, queue, exclude FROM beatd_schedules ORDER BY name")
    assert found == [
        ("clean-up", "every 30m", "slow", None),
        ("go-live", "at 2030-01-02T06:00", None, None),
        ("payroll", "0 9 25 * *", None, "calendar office"),
        ("weekday-report", "0 8 * * mon-fri", None, None),
    ]
    assert editor.ops("report") == ["insert", "delete"]
    for name in ("clean-up", "payroll", "payroll-test", "report", "weekday-report"):
        editor.assert_whole(name)


@pytest.fixture
def role(server):
    """Make a role, give it what statements of the document give, and return a URL for it."""
    made = []
    schema = server.partition("?schema=")[2]
    with psycopg.connect(POSTGRES, autocommit=True) as owner:

        def granted(statements, name):
            made.append(f"{name}_{uuid4().hex[:12]}")
            owner.execute(f"CREATE ROLE {made[-1]} LOGIN")
            for statement in statements:
                owner.execute(re.sub(r"\bbeatd\b", schema, statement).replace(name, made[-1]))
            return re.sub(r"//\w+@", f"//{made[-1]}@", server)

        yield granted
        for each in made:
            owner.execute(f"DROP OWNED BY {each}")
            owner.execute(f"DROP ROLE {each}")


def test_who_was_given_the_rights_of_an_editor_edits_and_no_more(role, server):
    theirs = Editor(role(EDITORS, "beatd_editor"))
    for statement in DAY:
        theirs.do(statement)
    for refused in ("SELECT 1 FROM beatd_changes", "UPDATE beatd_entries SET runs = 0", "CREATE TABLE beatd_x (x INT)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            theirs.do(refused)
    theirs.close()
    owner = Editor(server)
    assert owner.ops("payroll-test") == ["insert", "delete"]
    owner.close()


def test_who_was_given_the_rights_of_an_editor_by_beatd_edits_through_a_store(role, server):
    with ScheduleStore(role([*EDITORS, *EDITORS_BY_BEATD], "beatd_editor")) as theirs:
        theirs.add("a", "t", "every 1h")
        theirs.update("a", schedule="every 2h")
        assert [row.schedule for row in theirs.find()] == ["every 2h"]
        theirs.remove("a")


def test_who_was_given_the_rights_of_run_time_needs_no_others(role, server):
    url = role(RUNNER, "beatd_runner")
    db = open_database(url)
    assert checking.check(db) == []
    assert migrate.check(db) == []
    with db.write() as connection:
        connection.exec_driver_sql("INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'every 1h')")
        connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES ('beatd', 1)")
        connection.exec_driver_sql("UPDATE beatd_schedules SET error = 'x'")
        connection.exec_driver_sql("DELETE FROM beatd_changes")
    db.close()
    theirs = Editor(url)
    for refused in ("CREATE TABLE beatd_x (x INT)", "DROP TABLE beatd_fires", "TRUNCATE beatd_schedules"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            theirs.do(refused)
    theirs.close()
