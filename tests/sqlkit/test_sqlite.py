"""One database: what is refused and how it is said, threads, forks, transactions."""

import os
import sqlite3
import stat
import threading

import pytest

from beatd.errors import BrokerUnavailableError, NotStorableError, StoreError
from beatd.sqlkit import sqlite
from beatd.sqlkit.sqlite import SqliteDatabase
from tests.sqlkit.asking import refusal, touch


def _pragma(db, name):
    with db.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.fixture
def db(tmp_path):
    made = SqliteDatabase(f"sqlite:///{tmp_path}/beatd.db")
    yield made
    made.close()


def test_a_file_is_made_for_its_owner_alone(db):
    assert not db.path.exists()
    assert touch(db) == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in db.path.parent.iterdir()}
    assert modes == {"beatd.db": 0o600, "beatd.db-wal": 0o600, "beatd.db-shm": 0o600}


def test_the_settings_that_the_promises_rest_on(db):
    assert (_pragma(db, "journal_mode"), _pragma(db, "synchronous"), _pragma(db, "foreign_keys")) == ("wal", 1, 1)
    assert _pragma(db, "busy_timeout") == 5000


def test_each_thread_has_its_own_connection_and_sees_what_others_committed(db):
    seen = []
    before = db.data_version()
    assert db.data_version() == before

    def work(part):
        with db.write() as connection:
            connection.exec_driver_sql(f"INSERT INTO beatd_leases (namespace, part) VALUES ('n', {part})")
        seen.append(part)
        db.close()

    threads = [threading.Thread(target=work, args=(part,)) for part in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, 1, 2, 3, 4]
    assert db.data_version() != before
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_leases").scalar() == 5


def test_a_forked_child_works_on_a_connection_of_its_own_and_hurts_nobody(db):
    touch(db)
    for round_ in range(3):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with db.write() as connection:
                    connection.exec_driver_sql(f"INSERT INTO beatd_leases (namespace, part) VALUES ('n', {round_})")
                db.close()
                code = 0
            finally:
                os._exit(code)
        with db.write() as connection:
            connection.exec_driver_sql(f"INSERT INTO beatd_leases (namespace, part) VALUES ('p', {round_})")
        assert os.waitpid(pid, 0)[1] == 0
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_leases").scalar() == 6
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_memory_is_private_and_shared_between_threads():
    first, second = SqliteDatabase("memory://"), SqliteDatabase("memory://")
    with first.write() as connection:
        connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES ('n', 1)")
    counts = []

    def count(db):
        with db.read() as connection:
            counts.append(connection.exec_driver_sql("SELECT count(*) FROM beatd_leases").scalar())

    for db in (first, second):
        thread = threading.Thread(target=count, args=(db,))
        thread.start()
        thread.join()
    assert counts == [1, 0]
    first.close()
    second.close()


def test_a_file_put_in_the_place_of_another_is_made_ready(db):
    touch(db)
    db.close()
    for path in db.path.parent.iterdir():
        path.unlink()
    assert touch(db) == 0
    assert stat.S_IMODE(db.path.stat().st_mode) == 0o600


# ---------------------------------------------------------------- what is refused, and the words for it


def test_reading_does_not_make_a_database(tmp_path):
    path = tmp_path / "beatd.db"
    assert (
        refusal(SqliteDatabase(f"sqlite:///{path}", create=False))
        == f"no database at {path}; `beatd db upgrade` makes it"
    )
    assert list(tmp_path.iterdir()) == []
    path.touch()
    assert "no database at" in refusal(SqliteDatabase(f"sqlite:///{path}", create=False))
    assert "no database at" in refusal(SqliteDatabase(f"sqlite:///{tmp_path}/absent/beatd.db", create=False))


def test_a_missing_directory_is_named(tmp_path):
    text = refusal(SqliteDatabase(f"sqlite:///{tmp_path}/absent/beatd.db"))
    assert f"there is no directory '{tmp_path}/absent'; make it, or name another file" in text


def test_a_directory_is_no_database(tmp_path):
    assert "is a directory; name a file in it" in refusal(SqliteDatabase(f"sqlite:///{tmp_path}"))


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough " * 400, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_of_another_kind_is_left_alone(tmp_path, content):
    path = tmp_path / "beatd.db"
    path.write_bytes(content)
    text = refusal(SqliteDatabase(f"sqlite:///{path}"))
    assert f"{path} is not an SQLite database" in text
    assert path.read_bytes() == content


def test_a_damaged_database_says_what_to_do(db):
    touch(db)
    db.close()
    with db.path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)
    with pytest.raises(StoreError, match="is damaged; put back a backup"):
        touch(db)


def test_a_network_file_system_is_refused(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"31 22 0:40 / {tmp_path} rw - nfs4 server:/export rw\n")
    text = refusal(SqliteDatabase(f"sqlite:///{tmp_path}/beatd.db", mountinfo=mounts))
    assert "lies on a network file system (nfs4), where SQLite's locks do not hold" in text
    assert "put the file on a local disk" in text
    assert not (tmp_path / "beatd.db").exists()


def test_a_directory_that_may_not_be_written_is_named(open_folder, as_nobody):
    text = as_nobody(lambda: touch(SqliteDatabase(f"sqlite:///{open_folder}/beatd.db")))
    assert text.startswith(f"StoreError: {open_folder}/beatd.db cannot be made (Permission denied)")


def test_a_file_that_may_not_be_written_is_named(open_folder, as_nobody):
    db = SqliteDatabase(f"sqlite:///{open_folder}/beatd.db")
    touch(db)
    db.close()
    text = as_nobody(lambda: touch(SqliteDatabase(f"sqlite:///{open_folder}/beatd.db", create=False)))
    assert text.startswith(f"StoreError: {open_folder}/beatd.db: the file is not writable by this user (uid ")


def test_a_lock_held_too_long_is_an_outage(tmp_path):
    db = SqliteDatabase(f"sqlite:///{tmp_path}/beatd.db", busy_seconds=0.05)
    touch(db)
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BrokerUnavailableError, match="locked for too long by another process"), db.write():
        pass
    assert touch(db) == 0
    other.execute("ROLLBACK")
    other.close()
    with db.write():
        pass
    db.close()


def test_a_full_disk_is_an_outage_that_passes(db):
    touch(db)
    with db.bare() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def fill():
        with db.write() as connection:
            for part in range(10_000):
                connection.exec_driver_sql(f"INSERT INTO beatd_leases (namespace, part) VALUES ('{'x' * 500}', {part})")

    with pytest.raises(BrokerUnavailableError, match="the disk is full"):
        fill()
    with db.write() as connection:
        connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES ('n', 1)")


def test_a_mistake_of_this_program_is_not_dressed_up(db):
    with pytest.raises(Exception, match="syntax error") as caught, db.read() as connection:
        connection.exec_driver_sql("SELEC 1")
    assert not isinstance(caught.value, StoreError)


def test_a_value_too_large_is_told_apart_from_what_may_pass(db):
    with db.read() as connection:
        connection.connection.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
    with pytest.raises(NotStorableError, match="does not take a value of this size"), db.write() as connection:
        connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES (?, 'x')", ("x" * 2000,))


def test_a_table_taken_away_is_told_with_a_remedy(db):
    with db.write() as connection:
        connection.exec_driver_sql("DROP TABLE beatd_messages")
    with pytest.raises(StoreError, match="lacks a table or column of beatd; run `beatd db upgrade`"):
        touch(db)


def test_an_sqlite_too_old_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite.sqlite3, "sqlite_version_info", (3, 34, 1))
    assert "beatd needs 3.37.0 or newer" in refusal(SqliteDatabase(f"sqlite:///{tmp_path}/beatd.db"))
