"""A proxy before the private Redis server, and what a refusal says."""

from collections.abc import Callable, Iterator

import pytest
from kombu import Connection

from beatd.core.entry import Draft, Entry
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.rediskit.server import Server
from beatd.stores.redis import RedisDefinitions
from tests.rediskit.kombuside import Side
from tests.servers.proxy import Proxy
from tests.servers.redis import PrivateRedis


@pytest.fixture
def proxy(redis_server: PrivateRedis, proxy_to: Callable[[int], Proxy]) -> Proxy:
    return proxy_to(redis_server.port)


@pytest.fixture
def server(redis_server: PrivateRedis) -> Server:
    """A namespace whose set is the entry ``a``."""
    made = redis_server.open()
    entry = Entry(name="a", task="shop.add", schedule="every 1m")
    RedisDefinitions(made, made.clock).apply([Draft(name="a", place="x", entry=entry)], holder="h")
    return made


def everything(server: Server) -> dict[bytes, bytes]:
    """Return what lies on a server, but for its wake-up calls."""
    found = sorted(key for key in server.command("KEYS", "*") if b":wake:" not in key)
    return {key: server.command("DUMP", key) for key in found}


@pytest.fixture
def refused() -> Callable[[Server], str]:
    """Return what the server's first use says."""

    def say(server: Server) -> str:
        with pytest.raises((StoreError, BrokerUnavailableError)) as raised:
            server.run("look", 0, ["celery"])
        return str(raised.value)

    return say


@pytest.fixture
def side(redis_server) -> Side:
    return Side(redis_server.url)


@pytest.fixture
def kombu(redis_server) -> Iterator[Connection]:
    with Connection(redis_server.url) as connection:
        yield connection
