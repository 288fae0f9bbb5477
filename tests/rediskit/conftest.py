"""A proxy before the private Redis server, and what a refusal says."""

from collections.abc import Callable

import pytest

from beatd.errors import BrokerUnavailableError, StoreError
from beatd.rediskit.server import Server
from tests.servers.proxy import Proxy
from tests.servers.redis import PrivateRedis


@pytest.fixture
def proxy(redis_server: PrivateRedis, proxy_to: Callable[[int], Proxy]) -> Proxy:
    return proxy_to(redis_server.port)


@pytest.fixture
def refused() -> Callable[[Server], str]:
    """Return what the server's first use says."""

    def say(server: Server) -> str:
        with pytest.raises((StoreError, BrokerUnavailableError)) as raised:
            server.run("look", 0, ["celery"])
        return str(raised.value)

    return say
