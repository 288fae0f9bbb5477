import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from beatd.errors import DefinitionError, StoreError
from beatd.sqlkit.database import open_database
from beatd.stores.rows import SqlRows
from tests.conformance.rows.table import INSERT, Table, switch_off
from tests.conformance.rows.test_upkeep import say


def test_waiting_ends_soon_after_a_commit(table: Table) -> None:
    table.rows.changed(table.rows.mark())
    table.rows.wait(0.3)
    table.rows.changed(table.rows.mark())
    timer = threading.Timer(0.2, table.execute, [INSERT + "('a', 't', 'every 1m')"])
    timer.start()
    began = time.monotonic()
    while not table.rows.wait(20):
        assert time.monotonic() - began < 20
    timer.join()
    assert time.monotonic() - began < 15


def test_waiting_ends_when_its_time_is_over(table: Table) -> None:
    for seconds in (0.3, 0.2, 0):
        table.rows.mark()
        noticed = table.rows.wait(seconds)
        # Whoever edits another schema of the same database wakes this one too.
        assert noticed is False or table.is_postgresql


def test_waiting_never_raises(sqlite: Table, tmp_path: Path) -> None:
    sqlite.rows.mark()
    sqlite.db.close()
    (tmp_path / "beatd.db").write_bytes(b"no database at all, but something else" * 100)
    assert sqlite.rows.wait(0.1) is False
    with pytest.raises(StoreError):
        sqlite.rows.mark()


def test_a_table_that_can_be_used_has_nothing_wrong(table: Table) -> None:
    assert table.rows.check() == []


def test_triggers_that_are_missing_are_told(table: Table) -> None:
    switch_off(table)
    (told,) = table.rows.check()
    assert "beatd_schedules_" in told
    assert "run `beatd db upgrade`" in told


@pytest.mark.parametrize("name", ["beatd_schedules", "beatd_changes"])
def test_a_table_that_is_not_there_is_told(table: Table, name: str) -> None:
    table.execute(f"DROP TABLE {name}{' CASCADE' if table.is_postgresql else ''}")
    with pytest.raises(DefinitionError, match=f"has no table {name}; run `beatd db upgrade`"):
        table.rows.check()


def test_where_there_are_no_tables_it_is_told_once_how_they_are_made(postgresql: Table) -> None:
    postgresql.db.close()
    postgresql.execute("DROP TABLE beatd_schema")
    with closing(open_database(postgresql.url, create=False)) as database, pytest.raises(DefinitionError) as error:
        SqlRows(database, "beatd", timezone="UTC", queue="q", sees_finish=True).check()
    assert str(error.value) == f"{database.url}: has no tables of beatd yet; `beatd db upgrade` makes them"


def test_a_server_that_takes_no_writes_is_refused(postgresql: Table) -> None:
    url = postgresql.url + "&options=-cdefault_transaction_read_only%3Don"
    db = open_database(url)
    rows = SqlRows(db, "beatd", timezone="UTC", queue="celery", sees_finish=True)
    with pytest.raises(DefinitionError, match="the server is read-only: a standby"):
        rows.check()
    db.close()


def test_rights_that_are_missing_are_told_as_what_to_grant(postgresql: Table) -> None:
    schema = postgresql.url.partition("schema=")[2]
    role = f"{schema}_reader"
    postgresql.execute(f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    try:
        postgresql.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
        db = open_database(postgresql.url.replace("postgres@", f"{role}@"))
        rows = SqlRows(db, "beatd", timezone="UTC", queue="celery", sees_finish=True)
        with pytest.raises(DefinitionError) as caught:
            rows.check()
        grants = [each for each in str(caught.value).split("; ") if each.startswith("GRANT ")]
        assert f"GRANT INSERT ON beatd_changes TO {role}" in grants
        postgresql.execute(*grants)
        assert rows.check() == []
        postgresql.execute(INSERT + "('a', 't', 'every 1m')")
        (version,) = rows.of(["a"]).versions
        rows.tell([say(version)])
        rows.touch({"a": (version.number, version.number), "b": (None, 5)})
        assert rows.prune(before=2**60, limit=10, taken_in=lambda _: 2**60) > 0
        db.close()
    finally:
        postgresql.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize("statement", ["SELECT 1", "UPDATE beatd_schedules SET schedule = 'every 2m'"])
def test_a_table_that_somebody_has_locked_is_read_in_time_or_not_at_all(table: Table, statement: str) -> None:
    table.execute(INSERT + "('a', 't', 'every 1m')")
    with closing(table.connect()) as other:
        other.execute("BEGIN IMMEDIATE" if not table.is_postgresql else "SELECT 1")
        other.execute(statement)
        assert table.told("a") == [("a", "every 1m")]
        other.rollback()
