"""A store that goes back to what it was, as after a fail-over to a replica that lagged, or is emptied by hand."""

import logging
import shutil

import psycopg
import pytest

from tests.faults.ledger import read_ledger
from tests.servers.postgresql import POSTGRES

SECOND = 1_000_000


class Past:
    """The store as it was when this was made."""

    def __init__(self, troubled, folder) -> None:
        self.troubled = troubled
        self.copy = folder / "copy.db"
        if troubled.driver == "redis":
            troubled.redis("SAVE")
        elif troubled.driver == "sqlite":
            self._disconnect()
            shutil.copy(troubled.database, self.copy)
        else:
            copy = f"{troubled.schema}_copy"
            made = [f"CREATE TABLE {copy}.{name} AS TABLE {name}" for name in tables(troubled)]
            troubled.sql(f"CREATE SCHEMA {copy}", *made)

    def bring_back(self, server) -> None:
        """Put it in the place of the store as it is."""
        if self.troubled.driver == "redis":
            server.kill()
            server.start()
        elif self.troubled.driver == "sqlite":
            self._disconnect()
            for file in self.copy.parent.glob("beatd.db*"):
                file.unlink()
            shutil.copy(self.copy, self.troubled.database)
        else:
            copy, names = f"{self.troubled.schema}_copy", tables(self.troubled)
            empty = f"TRUNCATE {', '.join(names)}"
            told = "INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM {1}.{0}"
            self.troubled.sql(empty, *(told.format(name, copy) for name in names), f"DROP SCHEMA {copy} CASCADE")

    def _disconnect(self) -> None:
        self.troubled.state.close()


def tables(troubled) -> list[str]:
    with psycopg.connect(POSTGRES) as server:
        told = "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename LIKE 'beatd%%'"
        return [name for (name,) in server.execute(told, (troubled.schema,))]


@pytest.fixture
def server(troubled, request):
    return request.getfixturevalue("redis_server") if troubled.driver == "redis" else None


def test_what_a_store_lost_of_the_last_seconds_is_emitted_again_under_the_same_ids(
    troubled, server, tmp_path, caplog
) -> None:
    troubled.write(a="schedule = 'every 1s'", b="schedule = 'every 1s'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 10)
    past = Past(troubled, tmp_path)
    troubled.tick(scheduler, 5)
    before = read_ledger(troubled.direct)
    past.bring_back(server)
    with caplog.at_level(logging.ERROR):
        troubled.endure(scheduler, 1)
        troubled.settle(scheduler)
    assert scheduler.report.rolled_back > 0
    # However many entries it forgot something of.
    assert [each.message for each in caplog.records if each.action == "rolled_back"] == ["the store went back"]
    found = read_ledger(troubled.direct)
    assert found.problems(SECOND) == []
    assert set(before.sent) < set(found.sent)
    assert troubled.emitted("a") == troubled.emitted("b") == [float(moment) for moment in range(1, 17)]


def test_a_store_that_went_back_further_fires_nothing_until_an_operator_says_how(
    troubled, server, tmp_path, caplog
) -> None:
    troubled.write(a="schedule = 'every 10s'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 15)
    past = Past(troubled, tmp_path)
    troubled.tick(scheduler, 120, at_most=5)
    past.bring_back(server)
    with caplog.at_level(logging.ERROR):
        troubled.endure(scheduler, 60, at_most=5)
    assert "nothing is fired until" in caplog.text
    assert troubled.emitted("a") == [10]
    # Nor does one that knows nothing of it.
    other = troubled.scheduler("other")
    troubled.tick(other, 20)
    assert troubled.emitted("a") == [10]
    for each in (scheduler, other):
        each.stop()
    troubled.settle(troubled.scheduler("third", catch_up=True))
    assert troubled.runs("a")[1:] == [(20, "coalesced", 19), (210, "emitted", 1)]


def empty(troubled) -> None:
    if troubled.driver == "redis":
        troubled.redis("FLUSHALL")
    elif troubled.driver == "sqlite":
        troubled.sql(*(f"DELETE FROM {name}" for name in sqlite_tables()))
    else:
        troubled.sql(f"TRUNCATE {', '.join(tables(troubled))}")


def sqlite_tables() -> list[str]:
    kept = ("namespaces", "revisions", "definitions", "entries", "leases", "schedulers", "fires", "messages")
    return [f"beatd_{name}" for name in kept]


def test_a_state_that_was_emptied_by_hand_is_told_and_nothing_fires_on_it(troubled, caplog) -> None:
    troubled.write(a="schedule = 'every 10s'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 12)
    empty(troubled)
    with caplog.at_level(logging.ERROR):
        troubled.tick(scheduler, 40)
    assert caplog.text.count("the store is another one than before: nothing is fired until `beatd state init") == 1
    assert read_ledger(troubled.direct).sent == []


def test_records_that_are_gone_are_not_taken_for_new_entries(troubled, caplog) -> None:
    troubled.write(a="schedule = 'every 10s'", b="schedule = 'every 1h'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 120, at_most=5)
    sent = set(read_ledger(troubled.direct).sent)
    if troubled.driver == "redis":
        troubled.redis("DEL", "{beatd:beatd}:records")
    else:
        troubled.sql("DELETE FROM beatd_entries")
    with caplog.at_level(logging.ERROR):
        troubled.tick(scheduler, 40)
    assert "nothing is fired until" in caplog.text
    assert set(read_ledger(troubled.direct).sent) == sent
