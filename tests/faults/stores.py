"""The stores that the nemesis may disturb: a file, and private servers behind one proxy for each scheduler."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any, Protocol

import psycopg
import redis

from tests.servers.port import free_port
from tests.servers.postgresql import PrivatePostgres, private_postgres
from tests.servers.proxy import Proxy
from tests.servers.redis import PrivateRedis, private_redis

Undo = Callable[[], None]


class Store(Protocol):
    """A store under attack. ``url``: past the proxies, for those who judge; ``disturbances`` each return their end."""

    url: str
    proxies: list[Proxy]
    disturbances: Mapping[str, Callable[[], Undo]]

    def url_for(self, place: int) -> str:
        """Return the URL that the scheduler at a place is given."""
        ...


class File:
    """An SQLite file; all that can come between is another writer that holds on to it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "beatd.db"
        self.url = f"sqlite:///{self._path}"
        self.proxies: list[Proxy] = []
        self.disturbances = {"locked": self._lock}

    def url_for(self, place: int) -> str:
        return self.url

    def _lock(self) -> Undo:
        holder = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            pass  # a stopped scheduler has it
        return holder.close


class Postgres:
    """A PostgreSQL server."""

    def __init__(self, server: PrivatePostgres, proxies: list[Proxy]) -> None:
        self.server, self.proxies, self.url = server, proxies, server.url
        self.disturbances = {
            "server killed": self._kill,
            "server stopped": self._stop,
            "server restarted": self._restart,
            "server read-only": self._make_read_only,
        }

    def url_for(self, place: int) -> str:
        return self.url.replace(f":{self.server.port}/", f":{self.proxies[place].port}/")

    def _kill(self) -> Undo:
        self.server.kill()
        return self.server.start

    def _restart(self) -> Undo:
        self.server.stop()
        return self.server.start

    def _stop(self) -> Undo:
        self.server.signal(SIGSTOP)
        return lambda: self.server.signal(SIGCONT)

    def _make_read_only(self) -> Undo:
        self._tell("ALTER SYSTEM SET default_transaction_read_only = on")
        return lambda: self._tell("ALTER SYSTEM RESET default_transaction_read_only")

    def _tell(self, statement: str) -> None:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(statement)
            connection.execute("SELECT pg_reload_conf()")


class Redis:
    """A Redis server that writes down what it answers for."""

    OPTIONS = ("--appendonly", "yes", "--appendfsync", "no")  # what was written survives the process, if not the kernel

    def __init__(self, server: PrivateRedis, proxies: list[Proxy], scheme: str) -> None:
        self.server, self.proxies, self._scheme = server, proxies, scheme
        self.url = self._url_at(server.port)
        self.disturbances = {
            "server killed": self._kill,
            "server stopped": self._stop,
            "server read-only": self._make_replica,
            "server full": self._fill,
        }

    def url_for(self, place: int) -> str:
        return self._url_at(self.proxies[place].port)

    def _url_at(self, port: int) -> str:
        return f"{self._scheme}://127.0.0.1:{port}"

    def _kill(self) -> Undo:
        self.server.kill()
        return self.server.start

    def _stop(self) -> Undo:
        self.server.signal(SIGSTOP)
        return lambda: self.server.signal(SIGCONT)

    def _make_replica(self) -> Undo:
        self._tell("REPLICAOF", "127.0.0.1", str(free_port()))
        return lambda: self._tell("REPLICAOF", "NO", "ONE")

    def _fill(self) -> Undo:
        self._tell("CONFIG", "SET", "maxmemory", "1mb")
        return lambda: self._tell("CONFIG", "SET", "maxmemory", "0")

    def _tell(self, *words: str) -> None:
        with redis.Redis(port=self.server.port) as client:
            client.execute_command(*words)


@contextmanager
def _proxies(port: int, count: int) -> Iterator[list[Proxy]]:
    made = [Proxy(port) for _ in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.close()


@contextmanager
def open_store(driver: str, folder: Path, schedulers: int) -> Iterator[Store]:
    """Start the store of a driver, with a way in for each of some schedulers."""
    with ExitStack() as stack:
        made: Any
        if driver == "sqlite":
            made = File(folder)
        elif driver == "postgresql":
            server = stack.enter_context(private_postgres())
            made = Postgres(server, stack.enter_context(_proxies(server.port, schedulers)))
        elif driver in ("redis", "celery+redis"):
            start = stack.enter_context(private_redis(folder))
            redis_server = start(*Redis.OPTIONS)
            made = Redis(redis_server, stack.enter_context(_proxies(redis_server.port, schedulers)), driver)
        else:
            raise ValueError(driver)
        yield made


DRIVERS = ("sqlite", "postgresql", "redis")
# The same server, records and leases as redis has, but messages in kombu's lists, which no id can be looked up in.
ATTACKED = (*DRIVERS, "celery+redis")
