"""Every statement walks an index: a table that has grown must not make a step slow."""

import importlib

import pytest

from beatd.brokers import sqlsettle
from beatd.brokers.sqlclaim import _claim_statement
from beatd.sqlkit import rows
from beatd.sqlkit.database import open_database
from beatd.sqlkit.statement import Statement

MODULES = [
    *(f"beatd.brokers.{name}" for name in ("sqladmin", "sqlclaim", "sqllimits", "sqlreceiver", "sqlsettle")),
    *(f"beatd.sqlkit.{name}" for name in ("fires", "fold", "holding", "messages", "outcomes", "records", "revoking")),
    *(f"beatd.stores.{name}" for name in ("sqldefinitions", "sqlinstall", "sqlleases", "sqlprune", "sqlrevision")),
    *(
        f"beatd.stores.{name}"
        for name in ("sqlbackfills", "sqlpast", "sqlrepairs", "sqlrow", "sqlshares", "sqlstep", "sqltenures")
    ),
    *(f"beatd.stores.rows.{name}" for name in ("known", "pruning", "reading")),
    "beatd.results.sql",
]


def _statements():
    for module in MODULES:
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, Statement) and value is not sqlsettle._DONE_AND_STORED:  # a server's
                yield pytest.param(value, id=f"{module.rpartition('.')[2]}.{name}")
    for pauses in (True, False):
        known = "" if pauses else ", before there were pauses"
        yield pytest.param(_claim_statement(_queues(1), pauses=pauses), id=f"claim from one queue{known}")
        yield pytest.param(_claim_statement(_queues(3), pauses=pauses), id=f"claim from three queues{known}")


def _queues(count):
    return tuple(f"queue_{number}" for number in range(count))


@pytest.fixture(scope="module")
def connection():
    db = open_database("memory://")
    with db.read() as connection:
        yield connection
    db.close()


@pytest.mark.parametrize("statement", list(_statements()))
def test_no_statement_walks_a_whole_table(statement, connection):
    compiled = statement._for(connection.dialect)
    values = tuple(compiled.constants.get(name, "[]" if name != "limit" else 1) for name in compiled.names)
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.sql}", values)]
    assert not [line for line in plan if line.startswith("SCAN beatd_")], plan


@pytest.mark.parametrize("sql", [rows._SQLITE_SINCE, rows._SQLITE_LOG_OF])
def test_what_was_changed_is_found_without_walking_the_log(sql, connection):
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("[]",) * sql.count("?"))]
    assert not [line for line in plan if line.startswith("SCAN beatd_")], plan


def test_claiming_takes_the_best_straight_from_the_index(connection):
    compiled = _claim_statement(_queues(1), pauses=True)._for(connection.dialect)
    values = tuple(compiled.constants.get(name, 1) for name in compiled.names)
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.sql}", values)]
    assert any("beatd_messages_ready (namespace=? AND queue=?)" in line for line in plan), plan


def test_an_emitted_fire_is_found_by_entry_and_moment(connection):
    compiled = importlib.import_module("beatd.sqlkit.messages")._FIRED._for(connection.dialect)
    values = tuple(compiled.constants.get(name, "[]") for name in compiled.names)
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.sql}", values)]
    assert any("beatd_fires_entry (namespace=? AND entry=? AND first=?)" in line for line in plan), plan
