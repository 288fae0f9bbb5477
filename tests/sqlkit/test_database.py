"""What holds for a database of any kind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from beatd.sqlkit import migrate
from beatd.sqlkit.database import Database, open_database
from tests.servers.places import place_for_entries


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from place_for_entries(request.param, tmp_path)


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    made = open_database(url)
    yield made
    made.close()


def parts(db: Database) -> list[int]:
    with db.read() as connection:
        return list(connection.exec_driver_sql("SELECT part FROM beatd_leases ORDER BY part").scalars())


def test_a_write_is_rolled_back_on_any_exception(db: Database) -> None:
    def write_and_fail() -> None:
        with db.write() as connection:
            connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES ('n', 1)")
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert parts(db) == []


def test_six_processes_that_start_at_once_migrate_once(url: str) -> None:
    gate, opener = os.pipe()
    pids = []
    for number in range(6):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(opener)
                os.read(gate, 1)  # ends when the parent opens the gate for all
                with open_database(url).write() as connection:
                    connection.exec_driver_sql(f"INSERT INTO beatd_leases (namespace, part) VALUES ('n', {number})")
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    os.close(gate)
    os.close(opener)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 6
    db = open_database(url, create=False)
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM beatd_schema").all() == [(migrate.head(),)]
    assert parts(db) == [0, 1, 2, 3, 4, 5]
    assert migrate.check(db) == []
    db.close()
