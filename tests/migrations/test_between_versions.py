"""Code of one version on the schema of another: this one on the former, and one that knows less on this and a later."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from beatd.brokers.sql import SqlPauses, SqlReceiver, SqlSender
from beatd.clock import SystemClock
from beatd.core.limits.rate import parse_rate
from beatd.core.message import Message
from beatd.core.record import Pause
from beatd.errors import DefinitionError, NotSupportedError, StoreError
from beatd.sqlkit import migrate, triggers
from beatd.sqlkit.database import open_database
from beatd.stores.rows import checking
from tests.journeys.conftest import Desk, until
from tests.migrations.versions import make_tables
from tests.servers.places import place_for_entries
from tests.servers.postgresql import postgres_schema

TICKS = """
[schedules.tick]
schedule = "every 1s"
task = "beatd.echo"
args = ["tick"]
"""
CUT = "from beatd.sqlkit import migrate\nmigrate.VERSIONS = migrate.VERSIONS[: migrate.VERSIONS.index('{}') + 1]\n"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path):
    yield from place_for_entries(request.param, tmp_path)


@pytest.fixture
def server():
    with postgres_schema() as made:
        yield made


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    made.write("beatd.toml", TICKS)
    yield made
    made.close()


def _knows_only(desk, version):
    """Let every process of that desk be of a beatd that ends with a version of the schema."""
    desk.write("older/sitecustomize.py", CUT.format(version))
    desk.env["PYTHONPATH"] = str(desk.folder / "older")


def _later(url, oldest):
    """Make the schema a later one, as a migration would that adds a column and a table."""
    db = open_database(url)
    migrate.upgrade(db)
    with db.bare(writing=True) as connection:
        connection.exec_driver_sql("ALTER TABLE beatd_entries ADD COLUMN later INTEGER")
        connection.exec_driver_sql("CREATE TABLE beatd_later (x BIGINT)")
        connection.exec_driver_sql(f"UPDATE beatd_schema SET version_num = '0099', oldest = '{oldest}'")
    db.close()


def _works(desk, url):
    """Fire, run, and use the commands on a database; end in order."""
    daemon = desk.start("run", "--broker", url, "--workers", "1")
    until(lambda: len(desk.ended("tick")) >= 2 or daemon.process.poll() is not None, why=daemon.said, within=40)
    for words in (["status"], ["trigger", "tick"], ["audit", "--since", "1h"]):
        done = desk.beatd(*words, "--broker", url)
        assert done.returncode == 0, (words, done.stderr)
    assert daemon.stop() == 0, daemon.said()
    assert "Traceback" not in daemon.said()


@pytest.mark.slow
def test_this_code_works_on_a_server_with_the_former_schema(server, desk):
    db = open_database(server)
    make_tables(db, migrate.OLDEST)
    desk.env["BEATD_BROKER"] = server
    _works(desk, server)
    assert migrate.current(db) == migrate.OLDEST
    db.close()


def test_what_the_former_schema_has_not_is_said_in_words(server, desk):
    db = open_database(server)
    make_tables(db, "0004")
    with pytest.raises(DefinitionError, match=r"has no table beatd_schedules; run `beatd db upgrade`"):
        checking.check(db)
    assert migrate.check(db) == ["the schema is 0004, this beatd needs 0006: run `beatd db upgrade`"]
    upgraded = desk.beatd("db", "upgrade", "-b", f"sqlite:///{desk.folder}/beatd.db", "-s", server)
    assert upgraded.stdout.count("brought to schema 0006") == 2
    assert migrate.check(db) == []
    db.close()


def test_rates_are_not_held_on_the_former_schema_and_the_log_says_so(server, caplog):
    db = open_database(server)
    make_tables(db, "0005")
    receiver, message = (
        SqlReceiver(db, "n", SystemClock()),
        {"task": "t", "queue": "celery", "headers": {}, "body": b""},
    )
    SqlSender(db, "n", SystemClock()).send_many([Message(id=each, **message) for each in "abcd"])
    claim = {"owner": "w", "limit": 1, "lease": 1_000_000, "rates": {"t": parse_rate("1/h")}}
    assert [len(receiver.claim(["celery"], **claim)) for _ in range(2)] == [1, 1]
    assert [each.action for each in caplog.records] == ["not_limited"]
    assert "has the older schema 0005; run `beatd db upgrade`" in caplog.text
    migrate.upgrade(db)
    taken = [receiver.claim(["celery"], **claim) for _ in range(2)]
    assert [len(each) for each in taken] == [1, 0]
    db.close()


def test_a_queue_cannot_be_paused_on_the_former_schema_and_that_is_said_in_words(server, desk):
    db = open_database(server)
    make_tables(db, "0005")
    done = desk.beatd("queue", "pause", "celery", "--broker", server)
    assert done.returncode == 1
    assert "has the older schema 0005, which knows no pauses of queues; run `beatd db upgrade`" in done.stderr
    assert desk.beatd("queue", "sizes", "--broker", server).returncode == 0
    receiver = SqlReceiver(db, "beatd", SystemClock())
    SqlSender(db, "beatd", SystemClock()).send(Message(id="a", task="t", queue="celery", headers={}, body=b""))
    pauses = SqlPauses(db, "beatd")
    assert pauses.paused() == {}
    migrate.upgrade(db)
    pauses.pause("celery", Pause("ana", 5, ""))
    assert receiver.claim(["celery"], owner="w", limit=1, lease=1_000_000) == []
    db.close()


def test_a_call_cannot_be_unique_on_the_former_schema_and_that_is_said_in_words(server):
    db = open_database(server)
    make_tables(db, "0005")
    sender, sent = SqlSender(db, "n", SystemClock()), Message(id="a", task="t", queue="celery", headers={}, body=b"")
    with pytest.raises(NotSupportedError, match="older schema 0005, which knows no unique_for; run `beatd db upgrade`"):
        sender.send_unique(sent, key="k", lasts=1)
    migrate.upgrade(db)
    assert sender.send_unique(sent, key="k", lasts=1) == "a"
    db.close()


def test_a_reader_works_on_a_file_with_the_former_schema_and_leaves_it(tmp_path):
    make_tables(open_database(f"sqlite:///{tmp_path}/beatd.db"), "0004")
    reader = open_database(f"sqlite:///{tmp_path}/beatd.db", create=False)
    with reader.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_fires").scalar() == 0
    assert migrate.current(reader) == "0004"
    reader.close()


@pytest.mark.slow
def test_code_that_knows_less_works_on_this_schema(url, desk):
    db = open_database(url)
    migrate.upgrade(db)
    _knows_only(desk, migrate.VERSIONS[-2])
    desk.env["BEATD_BROKER"] = url
    _works(desk, url)
    assert migrate.current(db) == migrate.head()
    db.close()


def test_this_code_works_on_a_later_schema_that_says_so(url, desk):
    _later(url, migrate.head())
    desk.env["BEATD_BROKER"] = url
    _works(desk, url)
    assert desk.beatd("db", "check", "--broker", url).stdout.endswith("sound\n")
    upgraded = desk.beatd("db", "upgrade", "--broker", url)
    assert (upgraded.returncode, upgraded.stdout.partition(": ")[2]) == (0, "is already at schema 0099\n")


def test_this_code_refuses_a_later_schema_that_is_for_later_code(url, desk):
    _later(url, "0098")
    for words in (["run"], ["list"], ["db", "upgrade"], ["db", "upgrade", "--sql"]):
        done = desk.beatd(*words, "--broker", url)
        assert done.returncode == 1
        assert f"made by a newer beatd (schema 0099, this one knows {migrate.head()})" in done.stdout + done.stderr


def test_a_schema_from_before_the_oldest_is_refused_on_a_server(server):
    db = open_database(server)
    make_tables(db, "0003")
    with pytest.raises(StoreError, match="has the older schema 0003; run `beatd db upgrade`"), db.read():
        pass
    db.close()


def test_each_migration_says_whose_code_can_work_with_it():
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    for path in sorted(versions.glob("[0-9]*.py")):
        said = re.findall(r'^    plain\.works_with\("(\d{4})"\)$', path.read_text(), re.MULTILINE)
        assert path.name[:4] < "0005" or (len(said) == 1 and said[0] <= path.name[:4]), path


@pytest.mark.parametrize("version", ["base", "0004"])
def test_the_sql_that_is_printed_does_what_the_upgrade_does_on_a_server(server, version):
    db = open_database(server)
    base = server.partition("?")[0]
    if version != "base":
        make_tables(db, version)
    text = migrate.script(db)
    assert migrate.current(db) == (None if version == "base" else version)
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", base]
    done = subprocess.run(psql, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "ERROR" in done.stderr) == (0, False)
    assert (migrate.check(db), migrate.script(db), migrate.upgrade(db)) == ([], "", False)
    with postgres_schema() as other:
        another = open_database(other)
        migrate.upgrade(another)
        assert _catalogue(server) == _catalogue(other)
        another.close()
    db.close()


def _catalogue(url):
    base, _, schema = url.partition("?schema=")
    dump = ["pg_dump", "--schema-only", "--no-owner", "--schema", schema, "--dbname", base]
    text = subprocess.run(dump, capture_output=True, text=True, check=True, timeout=60).stdout
    kept = [line for line in text.replace(schema, "S").splitlines() if not re.match(r"\\|--", line)]
    return "\n".join(kept)


@pytest.mark.parametrize("version", ["base", "0004"])
def test_the_sql_that_is_printed_does_what_the_upgrade_does_to_a_file(tmp_path, version):
    first, second = (open_database(f"sqlite:///{tmp_path}/{name}.db") for name in "ab")
    with first.bare(writing=True):
        pass
    if version != "base":
        make_tables(first, version)
    text = migrate.script(first)
    with sqlite3.connect(f"{tmp_path}/a.db", isolation_level=None) as connection:
        connection.executescript(text)
    connection.close()
    migrate.upgrade(second)
    assert migrate.check(first) == []
    assert _objects(first) == _objects(second)
    first.close()
    second.close()


def _objects(db):
    with db.read() as connection:
        rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master").all()
    return sorted((kind, name, re.sub(r"\s+", "", sql or "")) for kind, name, sql in rows)


def test_triggers_that_are_gone_are_told_and_made_anew_by_the_upgrade(url):
    db = open_database(url)
    migrate.upgrade(db)
    with db.write() as connection:
        on = "" if connection.dialect.name == "sqlite" else " ON beatd_schedules"
        for name in connection.exec_driver_sql(_SOME[connection.dialect.name]).scalars().all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    told = migrate.check(db)
    assert len(told) > 1
    assert told[0].startswith("the trigger beatd_schedules_")
    assert told[0].endswith(" is missing or switched off: run `beatd db upgrade`")
    assert migrate.upgrade(db)
    assert (migrate.check(db), migrate.upgrade(db)) == ([], False)
    with db.write() as connection:
        connection.exec_driver_sql("INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'x')")
        assert connection.exec_driver_sql("SELECT op FROM beatd_changes").scalars().all() == ["insert"]
    db.close()


_SOME = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'beatd_schedules'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'beatd_schedules'::regclass AND tgname ~ '_log_'",
}


def test_a_trigger_that_is_disabled_is_told(server):
    db = open_database(server)
    migrate.upgrade(db)
    base, _, schema = server.partition("?schema=")
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f'ALTER TABLE "{schema}".beatd_schedules DISABLE TRIGGER beatd_schedules_log_insert')
    told = ["the trigger beatd_schedules_log_insert is missing or switched off: run `beatd db upgrade`"]
    assert migrate.check(db) == told
    assert migrate.upgrade(db)
    assert migrate.check(db) == []
    db.close()


def test_triggers_of_a_schema_that_was_renamed_are_told_and_made_anew_by_the_upgrade(server):
    db = open_database(server)
    migrate.upgrade(db)
    db.close()
    base, _, schema = server.partition("?schema=")
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f'ALTER SCHEMA "{schema}" RENAME TO "New_{schema}"')
        try:
            renamed = open_database(f"{base}?schema=New_{schema}")
            assert [told.partition(":")[0] for told in migrate.check(renamed)] == [triggers.ASTRAY.partition(":")[0]]
            assert "run `beatd db upgrade`" in checking.check(renamed)[0]
            assert migrate.upgrade(renamed)
            assert (migrate.check(renamed), checking.check(renamed), migrate.upgrade(renamed)) == ([], [], False)
            with renamed.write() as edits:
                edits.exec_driver_sql("INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'x')")
                assert edits.exec_driver_sql("SELECT op FROM beatd_changes").scalars().all() == ["insert"]
            renamed.close()
        finally:
            connection.execute(f'ALTER SCHEMA "New_{schema}" RENAME TO "{schema}"')


def test_a_cut_is_a_cut(desk):
    _knows_only(desk, "0003")
    code = "from beatd.sqlkit import migrate; print(migrate.head())"
    done = subprocess.run([sys.executable, "-c", code], env=desk.env, capture_output=True, text=True, check=True)
    assert done.stdout == "0003\n"
