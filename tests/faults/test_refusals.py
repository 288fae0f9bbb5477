"""Stores that answer, and take nothing: full, read-only, without replicas, at odds with other writers."""

import resource
import signal
from contextlib import contextmanager

import pytest

from tests.faults.ledger import read_ledger

SECOND = 1_000_000
NAMES = [f"e{number}" for number in range(50)]
RAISES = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; END $$
"""
TRIGGER = "CREATE TRIGGER refuse BEFORE INSERT ON beatd_messages FOR EACH ROW WHEN (NEW.entry = 'e25') EXECUTE FUNCTION"


@contextmanager
def raising(troubled, code):
    """Let PostgreSQL fail in the middle of a step's transaction, as it does with this SQLSTATE."""
    troubled.sql(RAISES.format(code=code), f"{TRIGGER} refuse()")
    yield
    troubled.sql("DROP FUNCTION refuse CASCADE")


@contextmanager
def full(troubled):
    """Let the store have no more room."""
    if troubled.driver == "postgresql":
        with raising(troubled, "53100"):
            yield
    elif troubled.driver == "redis":
        troubled.redis("CONFIG", "SET", "maxmemory", 1)
        yield
        troubled.redis("CONFIG", "SET", "maxmemory", 0)
    else:
        # Of no file may more be written than the write-ahead log has already.
        log = troubled.database.with_name("beatd.db-wal")
        former = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, former[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)
            signal.signal(signal.SIGXFSZ, handler)


def go_through(troubled, trouble) -> str:
    """Fire before, in and after a trouble, and judge; return what was said in it."""
    troubled.write(**dict.fromkeys(NAMES, "schedule = 'every 1s'"))
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 3)
    with trouble:
        assert troubled.endure(scheduler, 5) > 0
        left = read_ledger(troubled.direct)
        assert left.problems(SECOND) == []
        assert {cursor for _, cursor in left.records.values()} != set()
    troubled.endure(scheduler, 1)
    troubled.settle(scheduler)
    troubled.tick(scheduler, 2)
    found = read_ledger(troubled.direct)
    assert found.problems(SECOND) == []
    assert len(found.sent) >= 11 * len(NAMES)
    assert set(left.sent) <= set(found.sent)
    return troubled.said


def test_a_full_store_takes_nothing_by_halves_and_goes_on_when_there_is_room(troubled) -> None:
    said = go_through(troubled, full(troubled))
    expected = {"redis": "its memory is full", "postgresql": "the server's disk is full", "sqlite": "the disk"}
    assert expected[troubled.driver] in said


@pytest.mark.parametrize("code", ["40001", "40P01"])
@pytest.mark.parametrize("driver", ["postgresql"])
def test_a_step_that_lost_to_other_transactions_is_made_again_with_the_same_ids(troubled_on, driver, code) -> None:
    troubled = troubled_on(driver)
    assert "the transaction" in go_through(troubled, raising(troubled, code))


@contextmanager
def without_replicas(troubled):
    """Be the primary on the smaller side of a partition: no replica takes part."""
    troubled.redis("CONFIG", "SET", "min-replicas-to-write", 1)
    yield
    troubled.redis("CONFIG", "SET", "min-replicas-to-write", 0)


@contextmanager
def read_only(troubled):
    """Be a replica, as after a fail-over."""
    troubled.redis("REPLICAOF", "127.0.0.1", 1)
    yield
    troubled.redis("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize(("trouble", "said"), [(without_replicas, "too few replicas"), (read_only, "replica")])
def test_a_server_that_may_not_be_written_to_gets_nothing_and_is_used_again(troubled_on, trouble, said) -> None:
    troubled = troubled_on("redis")
    assert said in go_through(troubled, trouble(troubled))
