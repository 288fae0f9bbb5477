"""A stage whose schedulers read a table of entries."""

import pytest

from tests.scheduler.rows.client import Client
from tests.scheduler.stage import Stage
from tests.servers.postgresql import postgres_schema


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request, tmp_path):
    if request.param == "sqlite":
        made = Stage(tmp_path)
        yield from _with_tables(made)
        return
    with postgres_schema() as url:
        yield from _with_tables(Stage(tmp_path, url))


def _with_tables(made: Stage):
    made.tables = [made.url]
    made.patience = 5
    made.scheduler().stop()  # makes the tables
    yield made
    made.close()


@pytest.fixture
def sql(stage) -> Client:
    return Client(stage.url)
