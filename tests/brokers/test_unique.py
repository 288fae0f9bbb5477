"""Keys of unique calls are forgotten once their time is over, a few with each that is taken."""

import pytest

from beatd.brokers.redis import RedisSender
from beatd.brokers.sql import SqlSender
from beatd.core.message import Message
from beatd.sqlkit.database import open_database
from tests.conformance.conftest import ManualClock
from tests.servers.postgresql import postgres_schema
from tests.servers.redis import private_redis

SECOND = 1_000_000


def _sql(url, clock):
    db = open_database(url)

    def count():
        with db.read() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM beatd_unique").scalar()

    yield SqlSender(db, "n", clock), count
    db.close()


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def kept(request, tmp_path, clock):
    """A sender, and how many keys its store has."""
    if request.param == "sqlite":
        yield from _sql(f"sqlite:///{tmp_path}/beatd.db", clock)
    elif request.param == "postgresql":
        with postgres_schema() as url:
            yield from _sql(url, clock)
    else:
        with private_redis(tmp_path) as start:
            server = start().open()
            yield RedisSender(server, clock), lambda: server.command("HLEN", f"{server.prefix}unique")
            server.close()


@pytest.fixture
def clock():
    return ManualClock()


def test_keys_whose_time_is_over_are_forgotten(kept, clock):
    sender, count = kept
    names = iter(range(1000))

    def send(key):
        message = Message(id=f"m{next(names)}", task="t", queue="celery", headers={}, body=b"")
        return sender.send_unique(message, key=key, lasts=SECOND)

    for number in range(20):
        send(f"old{number}")
    assert count() == 20
    clock.advance(1)
    for number in range(20):
        send(f"new{number}")
        send("old0")
    assert count() <= 21
