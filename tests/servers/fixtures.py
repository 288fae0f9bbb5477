"""The servers as fixtures, for every test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.postgresql import PrivatePostgres, private_postgres
from tests.servers.proxy import Proxy
from tests.servers.redis import PrivateRedis, private_redis


@pytest.fixture
def postgres_server() -> Iterator[PrivatePostgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., PrivateRedis]]:
    """Start a private Redis server with the options given."""
    with private_redis(tmp_path) as start:
        yield start


@pytest.fixture
def redis_server(start_redis: Callable[..., PrivateRedis]) -> PrivateRedis:
    return start_redis()


@pytest.fixture
def proxy_to() -> Iterator[Callable[[int], Proxy]]:
    """Put a proxy before a port."""
    made: list[Proxy] = []

    def put(port: int) -> Proxy:
        made.append(Proxy(port))
        return made[-1]

    yield put
    for each in made:
        each.close()
