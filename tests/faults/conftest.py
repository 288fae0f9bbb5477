"""Schedulers on each store, on a clock that is moved, with a way to the store that can be spoilt."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from beatd.errors import BrokerUnavailableError
from beatd.scheduler.engine import Scheduler
from tests.scheduler.stage import Stage
from tests.servers.postgresql import POSTGRES, postgres_schema
from tests.servers.proxy import Proxy

DRIVERS = ("sqlite", "postgresql", "redis")
SERVERS = ("postgresql", "redis")


class Troubled(Stage):
    """A stage whose first scheduler reaches a server by ``proxy``; ``driver``: which store it is."""

    def __init__(self, driver: str, folder: Path, url: str | None = None, proxy: Proxy | None = None) -> None:
        super().__init__(folder, url)
        self.driver = driver
        self.direct = self.url
        self.proxy = proxy
        if driver == "postgresql":
            self.patience = 2.0  # it ends sessions that a busy machine holds up for longer
        if proxy is not None:
            self.url = by_port(self.url, proxy.port)
        self.said = ""
        self._lock: sqlite3.Connection | None = None

    def cut_off(self) -> None:
        """Let the store be away: a server unreachable, a file locked by another program."""
        if self.proxy is not None:
            self.proxy.refuse()
            return
        self._lock = sqlite3.connect(self.database, isolation_level=None)
        self._lock.execute("BEGIN EXCLUSIVE")

    def bring_back(self) -> None:
        """Let the store be there again."""
        if self.proxy is not None:
            self.proxy.heal()
        elif self._lock is not None:
            self._lock.close()
            self._lock = None

    def endure(self, scheduler: Scheduler, seconds: float, *, at_most: float = 1.0) -> int:
        """As ``tick``, where ticks may fail; return how many did. ``said``: what the last of them said."""
        failed, end = 0, self.clock.elapsed() + round(seconds * 1_000_000)
        while self.clock.elapsed() < end:
            self.clock.advance(min(at_most, (end - self.clock.elapsed()) / 1_000_000))
            try:
                scheduler.tick()
            except BrokerUnavailableError as error:
                failed, self.said = failed + 1, str(error)
        return failed

    def tick_all(self, *schedulers: Scheduler, seconds: int) -> None:
        """Let time pass second by second, and all of them with it."""
        for _ in range(seconds):
            self.clock.advance(1)
            for scheduler in schedulers:
                scheduler.tick()

    def sql(self, *statements: str) -> None:
        """Change the database by hand, all in one transaction."""
        if self.driver == "sqlite":
            with closing(sqlite3.connect(self.database)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)
            return
        with psycopg.connect(POSTGRES, options=f"-c search_path={self.schema}") as server:
            for statement in statements:
                server.execute(statement.encode())

    @property
    def schema(self) -> str:
        """PostgreSQL's schema that this stage has for itself."""
        return self.direct.rpartition("schema=")[2]

    def redis(self, *words: str | int) -> Any:
        """Send the server a command by hand."""
        with redis.Redis.from_url(self.direct) as client:
            return client.execute_command(*words)

    def close(self) -> None:
        self.bring_back()
        super().close()


def by_port(url: str, port: int) -> str:
    """Return the URL with another port of this host."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{port}"))


def _troubled(driver: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Troubled]:
    if driver == "sqlite":
        yield from _closing(Troubled(driver, folder))
        return
    proxy_to = request.getfixturevalue("proxy_to")
    if driver == "redis":
        server = request.getfixturevalue("redis_server")
        yield from _closing(Troubled(driver, folder, f"{server.url}/0", proxy_to(server.port)))
        return
    with postgres_schema() as url:
        yield from _closing(Troubled(driver, folder, url, proxy_to(urlsplit(url).port or 5432)))


def _closing(made: Troubled) -> Iterator[Troubled]:
    try:
        yield made
    finally:
        with suppress(BrokerUnavailableError):
            made.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a server's answer no longer than a test does."""
    monkeypatch.setattr("beatd.rediskit.server.ANSWER_SECONDS", 2.0)


@pytest.fixture(params=DRIVERS)
def troubled(request: pytest.FixtureRequest, tmp_path: Path, hasty: None) -> Iterator[Troubled]:
    """On every driver."""
    yield from _troubled(request.param, request, tmp_path)


@pytest.fixture(params=SERVERS)
def remote(request: pytest.FixtureRequest, tmp_path: Path, hasty: None) -> Iterator[Troubled]:
    """On every driver that has a server."""
    yield from _troubled(request.param, request, tmp_path)


@pytest.fixture
def troubled_on(
    request: pytest.FixtureRequest, tmp_path: Path, hasty: None, proxy_to: object
) -> Iterator[Callable[[str], Troubled]]:
    """On one driver, by its name."""
    with ExitStack() as stack:
        make = contextmanager(_troubled)
        yield lambda driver: stack.enter_context(make(driver, request, tmp_path))
