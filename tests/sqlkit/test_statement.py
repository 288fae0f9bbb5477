"""Every statement walks an index: a table that has grown must not make a step slow."""

import importlib

import pytest

from beatd.brokers.sqlclaim import _claim_statement
from beatd.sqlkit.database import open_database
from beatd.sqlkit.statement import Statement

MODULES = [
    *(f"beatd.brokers.{name}" for name in ("sqladmin", "sqlclaim", "sqllimits", "sqlreceiver", "sqlsettle")),
    *(f"beatd.sqlkit.{name}" for name in ("fires", "fold", "holding", "messages", "outcomes", "records", "revoking")),
    *(f"beatd.stores.{name}" for name in ("sqldefinitions", "sqlinstall", "sqlleases", "sqlprune", "sqlrevision")),
    *(f"beatd.stores.{name}" for name in ("sqlrow", "sqlstep")),
    "beatd.results.sql",
]


def _statements():
    for module in MODULES:
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, Statement):
                yield pytest.param(value, id=f"{module.rpartition('.')[2]}.{name}")
    yield pytest.param(_claim_statement(1), id="claim from one queue")
    yield pytest.param(_claim_statement(3), id="claim from three queues")


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


def test_claiming_takes_the_best_straight_from_the_index(connection):
    compiled = _claim_statement(1)._for(connection.dialect)
    values = tuple(compiled.constants.get(name, 1) for name in compiled.names)
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.sql}", values)]
    assert any("beatd_messages_ready (namespace=? AND queue=?)" in line for line in plan), plan


def test_an_emitted_fire_is_found_by_entry_and_moment(connection):
    compiled = importlib.import_module("beatd.sqlkit.messages")._FIRED._for(connection.dialect)
    values = tuple(compiled.constants.get(name, "[]") for name in compiled.names)
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.sql}", values)]
    assert any("beatd_fires_entry (namespace=? AND entry=? AND first=?)" in line for line in plan), plan
