"""A PostgreSQL server that is killed, stopped, restarted, or changes its mind."""

import os
import signal
import time

import pytest

from beatd.clock import SystemClock
from beatd.core.entry import Draft, Entry
from beatd.core.identity import message_id
from beatd.core.message import Message
from beatd.core.record import Emission, Item, Record
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.ports import Records
from beatd.sqlkit.database import open_database
from beatd.stores.sql import SqlDefinitions, SqlHistory, SqlRecords

NAMES = ("a", "b", "c")


class Store:
    """The state in a server, and a scheduler's way of stepping it: no answer, so the records are read again."""

    def __init__(self, url: str, busy_seconds: float = 5.0) -> None:
        self.db = open_database(url, busy_seconds=busy_seconds)
        self.records: Records = SqlRecords(self.db, "n", SystemClock())

    def define(self) -> None:
        drafts = [Draft(name=name, place="p", entry=Entry(name=name, task="t", schedule="every 1s")) for name in NAMES]
        SqlDefinitions(self.db, "n", SystemClock()).apply(drafts, holder="h")

    def advance(self) -> None:
        records = self.records.load(NAMES)
        self.records.step([_fire(name, records.get(name)) for name in NAMES])

    def advance_for(self, seconds: float) -> int:
        """Step and step; return how often there was no answer."""
        silent, deadline = 0, time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.advance()
            except BrokerUnavailableError:
                silent += 1
                time.sleep(0.01)
        return silent

    def audit(self) -> int:
        """Return how many fires there were; fails where cursors, messages and history disagree."""
        cursors = {name: record.cursor for name, record in self.records.load(NAMES).items()}
        expected = {(name, moment) for name in cursors for moment in range(1, cursors[name] + 1)}
        runs = [(run.entry, run.fire_time) for run in SqlHistory(self.db, "n", SystemClock()).runs(limit=1_000_000)]
        with self.db.read() as connection:
            sent = connection.exec_driver_sql("SELECT entry, fire_time FROM beatd_messages").all()
        assert sorted(runs) == sorted(map(tuple, sent)) == sorted(expected)
        return len(expected)


def _fire(name: str, former: Record | None) -> Item:
    moment = former.cursor + 1 if former else 1
    message = Message(
        id=message_id("n", name, 1, moment), task="t", queue="q", headers={}, body=b"", entry=name, fire_time=moment
    )
    record = Record(
        seq=int.from_bytes(os.urandom(7), "big"), generation=1, version=1, fingerprint=0, since=0, cursor=moment
    )
    expected = former.seq if former else None
    return Item(name=name, expected=expected, record=record, emissions=(Emission(moment, message),))


@pytest.fixture
def store(postgres_server):
    made = Store(postgres_server.url)
    made.define()
    yield made
    made.db.close()


def _stepping(url: str) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            Store(url).advance_for(600)
        finally:
            os._exit(1)
    return pid


def test_a_server_killed_in_mid_step_comes_back_with_all_or_nothing_of_each_step(postgres_server, store) -> None:
    pid = _stepping(postgres_server.url)
    try:
        for _ in range(2):
            store.advance_for(1)
            postgres_server.kill()
            with pytest.raises(BrokerUnavailableError):
                store.advance()
            postgres_server.start()
            store.advance_for(0.5)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert store.audit() > 0
    before = store.audit()
    store.advance()
    assert store.audit() == before + len(NAMES)


def test_an_orderly_restart_is_an_outage_that_passes(postgres_server, store) -> None:
    store.advance()
    postgres_server.stop()
    with pytest.raises(BrokerUnavailableError):
        store.advance()
    postgres_server.start()
    store.advance()
    assert store.audit() == 2 * len(NAMES)


def test_a_server_that_is_gone_by_the_commit_is_an_outage(postgres_server) -> None:
    db = open_database(postgres_server.url)

    def write() -> None:
        with db.write() as connection:
            connection.exec_driver_sql("SELECT 1")
            postgres_server.kill()

    with pytest.raises(BrokerUnavailableError):
        write()
    with pytest.raises(BrokerUnavailableError), db.write():
        pass
    postgres_server.start()
    with db.write() as connection:
        connection.exec_driver_sql("SELECT 1")
    db.close()


def test_to_ask_a_server_that_is_away_for_the_time_is_an_outage_too(postgres_server) -> None:
    postgres_server.stop()
    db = open_database(postgres_server.url)
    with pytest.raises(BrokerUnavailableError, match="refused"):
        db.clock(SystemClock()).now()
    postgres_server.start()
    assert db.clock(SystemClock()).now()
    db.close()


def test_a_server_that_accepts_and_never_answers_is_given_up_and_taken_up_again(postgres_server, store) -> None:
    hasty = Store(postgres_server.url, busy_seconds=0.5)
    hasty.advance()
    postgres_server.signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(BrokerUnavailableError, match="no answer for 3 seconds"):
            hasty.advance()
        assert time.monotonic() - began < 8
        with pytest.raises(BrokerUnavailableError):  # nor does connecting hang
            hasty.advance()
        assert time.monotonic() - began < 16
    finally:
        postgres_server.signal(signal.SIGCONT)
    hasty.advance()
    assert hasty.audit() >= 2 * len(NAMES)
    hasty.db.close()


def test_a_scheduler_stopped_in_mid_step_does_not_hold_up_the_others(postgres_server, store) -> None:
    store.advance()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with open_database(postgres_server.url).write() as connection:
            connection.exec_driver_sql("SELECT 1 FROM beatd_entries ORDER BY name FOR UPDATE").all()
            os.write(writer, b"x")
            signal.pause()
        os._exit(0)
    try:
        os.read(reader, 1)
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        store.advance()  # waits until the server ends the idle transaction
        assert time.monotonic() - began < 6
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)
        os.close(writer)
    assert store.audit() == 2 * len(NAMES)


def test_a_wrong_password_is_told_without_it(postgres_server) -> None:
    db = open_database(postgres_server.url.replace("s3cret", "wr0ng"))
    with pytest.raises(StoreError) as caught, db.read():
        pass
    assert "refuses the password of this user; correct it in the URL" in str(caught.value)
    assert "wr0ng" not in str(caught.value)


def test_a_server_made_read_only_is_an_outage_that_passes(postgres_server, store) -> None:
    postgres_server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    postgres_server.execute("SELECT pg_reload_conf()")
    other = Store(postgres_server.url)
    deadline = time.monotonic() + 10
    said = ""
    while "read-only" not in said and time.monotonic() < deadline:
        try:
            other.advance()
        except BrokerUnavailableError as error:
            said = str(error)
    assert "the server is read-only" in said
    postgres_server.execute("ALTER SYSTEM RESET default_transaction_read_only")
    postgres_server.execute("SELECT pg_reload_conf()")
    other.advance_for(2)
    assert other.audit() > 0
    other.db.close()


def test_a_user_without_rights_is_told_what_to_grant(postgres_server, store) -> None:
    postgres_server.execute("CREATE ROLE guest LOGIN PASSWORD 'g'")
    db = open_database(postgres_server.url.replace("postgres:s3cret", "guest:g"))
    with pytest.raises(StoreError, match="GRANT ALL ON SCHEMA"), db.read() as connection:
        connection.exec_driver_sql("SELECT 1 FROM beatd_entries")
    db.close()


def test_too_many_connections_are_told_with_the_remedy(postgres_server, store) -> None:
    store.advance()
    postgres_server.execute("ALTER ROLE postgres CONNECTION LIMIT 1")
    postgres_server.execute("CREATE ROLE crowd LOGIN PASSWORD 'c' CONNECTION LIMIT 0")
    db = open_database(postgres_server.url.replace("postgres:s3cret", "crowd:c"))
    with pytest.raises(BrokerUnavailableError, match="too many connections; raise max_connections"), db.read():
        pass
