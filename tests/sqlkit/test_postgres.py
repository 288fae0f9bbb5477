"""PostgreSQL: what is refused and how it is said, the session's settings, forks, what commits tell."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from beatd.brokers.sql import SqlReceiver, SqlSender
from beatd.clock import SystemClock
from beatd.core.message import Message
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.sqlkit import migrate
from beatd.sqlkit.database import open_database
from beatd.sqlkit.pgurl import read_address
from tests.servers.postgresql import POSTGRES, postgres_schema, require_postgres
from tests.sqlkit.asking import refusal, touch

SECOND = 1_000_000


@pytest.fixture
def url():
    with postgres_schema() as made:
        yield made


@pytest.fixture
def db(url):
    made = open_database(url)
    yield made
    made.close()


def _shown(db, *names):
    with db.write() as connection:
        return [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]


def test_every_wait_on_the_server_is_bounded_and_the_isolation_is_named(db):
    assert _shown(db, "transaction_isolation", "lock_timeout", "statement_timeout") == ["read committed", "5s", "10s"]
    # A process that is stopped in mid-step lets go before others have waited for too long.
    assert _shown(db, "idle_in_transaction_session_timeout") == ["4s"]
    with db.read() as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"


def test_names_are_ordered_as_python_orders_them(db):
    touch(db)
    names = ["b", "A", "a", "ä", "Z", "_", "é", "B"]
    with db.write() as connection:
        for name in names:
            connection.exec_driver_sql(f"INSERT INTO beatd_namespaces (namespace, id, since) VALUES ('{name}', '', 0)")
        found = connection.exec_driver_sql("SELECT namespace FROM beatd_namespaces ORDER BY namespace").scalars().all()
    assert found == sorted(names)


def test_a_forked_child_works_on_a_connection_of_its_own_and_ends_nobodys_session(db):
    touch(db)
    with db.write() as connection:
        mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with db.write() as connection:
                other = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            db.close()
            code = int(other == mine)
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    with db.write() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == mine


def _terminate(other: psycopg.Connection, pid: int) -> None:
    """End a session, and wait until its process is gone; the server can wait by itself from version 14 on."""
    other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_session_ended_by_the_server_is_replaced_before_anybody_notices(db):
    touch(db)
    with db.write() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with psycopg.connect(POSTGRES, autocommit=True) as other:
        _terminate(other, pid)
    assert touch(db) == 0


def test_a_session_ended_within_a_transaction_is_an_outage_and_nothing_is_stored(db):
    touch(db)

    def write():
        with db.write() as connection:
            connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES ('n', 1)")
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with psycopg.connect(POSTGRES, autocommit=True) as other:
                _terminate(other, pid)

    with pytest.raises(BrokerUnavailableError):
        write()
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_leases").scalar() == 0


def test_a_lock_held_too_long_is_an_outage(url):
    db = open_database(url, busy_seconds=0.2)
    other = open_database(url)
    with (
        other.write(alone=("set", "n")),
        pytest.raises(BrokerUnavailableError, match="locked for too long"),
        db.write(alone=("set", "n")),
    ):
        pass
    with db.write(alone=("set", "n")), other.write(alone=("set", "m")):
        pass
    db.close()
    other.close()


def test_a_deadlock_is_an_outage_that_passes(db, url):
    touch(db)
    other = open_database(url)
    with db.write() as connection:
        connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES ('n', 1), ('n', 2)")
    pid = os.fork()
    lock = "SELECT 1 FROM beatd_leases WHERE part = %s FOR UPDATE"
    if pid == 0:
        try:
            with other.write() as connection:
                connection.exec_driver_sql(lock, (2,))
                connection.exec_driver_sql("SELECT pg_sleep(0.3)")
                connection.exec_driver_sql(lock, (1,))
        except BrokerUnavailableError as error:
            os._exit(7 if "deadlock" in str(error) else 1)
        finally:
            os._exit(0)
    outcome = 0
    try:
        with db.write() as connection:
            connection.exec_driver_sql(lock, (1,))
            connection.exec_driver_sql("SELECT pg_sleep(0.3)")
            connection.exec_driver_sql(lock, (2,))
    except BrokerUnavailableError as error:
        outcome = 7 if "deadlock" in str(error) else 1
    assert sorted((outcome, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))) == [0, 7]
    assert touch(db) == 0


# ---------------------------------------------------------------- what is refused, and the words for it


def test_no_such_database_is_named_with_the_remedy():
    require_postgres()
    text = refusal(open_database(POSTGRES.replace("/test", "/beatd_no_such_database")))
    assert "does not exist; make it: createdb beatd_no_such_database" in text


def test_no_such_user_is_told_without_the_password():
    require_postgres()
    parts = urlsplit(POSTGRES)
    text = refusal(open_database(f"postgresql://beatd_nobody:s3cret@{parts.hostname}:{parts.port}{parts.path}"))
    assert "beatd_nobody" in text
    assert "s3cret" not in text
    assert "pg_hba.conf" in text


def test_a_server_that_is_not_there_is_an_outage():
    text = refusal(open_database("postgresql://u:s3cret@127.0.0.1:1/db"), BrokerUnavailableError)
    assert "postgresql://u:***@127.0.0.1:1/db is not available" in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://h/d?schema=a b", "cannot be a schema here"),
        ('postgresql://h/d?schema=x"y', "cannot be a schema here"),
        ("postgresql://h/d?prepare=maybe", "write prepare=off"),
        ("postgresql://h/d?flavour=vanilla", 'invalid URI query parameter: "flavour"'),
        ("postgresql://u:s3%zzcret@h/d", "is no PostgreSQL URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_before_anybody_connects(url, said):
    with pytest.raises(StoreError) as caught:
        open_database(url)
    assert said in str(caught.value)
    assert "s3" not in str(caught.value)


def test_what_the_url_says_comes_before_our_defaults():
    address = read_address("postgresql://u@h/d?connect_timeout=2&sslmode=require&schema=jobs&prepare=off")
    assert (address.schema, address.prepare) == ("jobs", False)
    assert (address.arguments["connect_timeout"], address.arguments["sslmode"]) == ("2", "require")
    assert address.arguments["target_session_attrs"] == "read-write"


def test_without_the_package_the_extra_is_named():
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from beatd.errors import StoreError\n"
        "from beatd.sqlkit.database import open_database\n"
        "try: open_database('postgresql://h/d')\n"
        "except StoreError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith('pip install "beatd[postgres]"')


def test_reading_does_not_make_tables_and_an_older_schema_is_not_upgraded_by_the_way(url, db):
    assert "has no tables of beatd yet; `beatd db upgrade` makes them" in refusal(open_database(url, create=False))
    touch(db)
    with db.write() as connection:
        connection.exec_driver_sql("DROP TABLE beatd_workers")
    assert migrate.check(db) == ["the table beatd_workers is missing"]


@pytest.mark.parametrize(
    ("deed", "statement"),
    [
        ("DROP TABLE beatd_changes", "INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'x')"),
        ("DROP FUNCTION beatd_us", "INSERT INTO beatd_schedules (name, task, schedule) VALUES ('a', 't', 'x')"),
        ("ALTER TABLE beatd_schedules DROP description CASCADE", "SELECT description FROM beatd_schedules"),
        (
            "ALTER TABLE beatd_calendars DROP CONSTRAINT beatd_calendars_pkey",
            "INSERT INTO beatd_calendars (name) VALUES ('a') ON CONFLICT (namespace, name) DO NOTHING",
        ),
    ],
    ids=["table", "function", "column", "key"],
)
def test_a_schema_that_is_not_whole_as_in_the_middle_of_a_restore_is_told_without_a_traceback(db, deed, statement):
    with db.write() as connection:
        connection.exec_driver_sql(deed)
    told = r"lacks a table, .* of beatd; run `beatd db upgrade`"
    with pytest.raises(StoreError, match=told), db.write() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("made", ["CREATE TABLE beatd_namespaces (x INT)", "CREATE FUNCTION beatd_us(INT) {}"])
def test_tables_that_somebody_makes_at_the_same_time_are_an_outage_that_passes(db, url, made):
    base, _, schema = url.partition("?schema=")
    made = made.format("RETURNS INT LANGUAGE sql AS 'SELECT 1'")
    with psycopg.connect(base) as restoring:
        restoring.execute(f'SET search_path = "{schema}"')
        with db.write() as connection:
            connection.exec_driver_sql("DROP TABLE beatd_namespaces")
        restoring.execute(made)
        threading.Timer(0.5, restoring.commit).start()
        with pytest.raises(BrokerUnavailableError, match="somebody else makes them"), db.write() as connection:
            connection.exec_driver_sql(made)


def test_backup_is_left_to_the_server(db, tmp_path):
    with pytest.raises(StoreError, match="pg_dump"):
        migrate.backup(db, tmp_path / "copy")


# ---------------------------------------------------------------- the clock, and waking


def test_the_clock_is_the_servers_also_within_a_transaction(db):
    clock, own = db.clock(SystemClock()), SystemClock()
    assert abs(clock.now() - own.now()) < SECOND
    with db.write() as connection:
        before = db.now()
        connection.exec_driver_sql("SELECT pg_sleep(0.05)")
        assert db.now() - before >= 50_000


def test_wait_is_woken_by_a_commit_in_another_process(db, url):
    clock = db.clock(SystemClock())
    receiver = SqlReceiver(db, "n", clock)
    receiver.wait(["q"], SECOND // 5)  # listens from here on
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            other = open_database(url)
            sender = SqlSender(other, "n", SystemClock())
            touch(other)
            os.read(read, 1)
            sender.send(Message(id="m", task="t", queue="q", headers={}, body=b""))
        finally:
            os._exit(0)
    os.write(write, b"x")
    before = SystemClock().elapsed()
    assert receiver.wait(["q"], 20 * SECOND)
    assert SystemClock().elapsed() - before < 5 * SECOND
    os.waitpid(pid, 0)
