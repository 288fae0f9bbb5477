"""One Redis server: connections that survive neither a thread nor a fork, and scripts that are safe to repeat."""

import os
import random
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as TookTooLongError
from redis.retry import Retry

from beatd.core.urls import masked
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.ports import Clock
from beatd.rediskit.demands import as_mapping, newer, unmet
from beatd.rediskit.failures import translated
from beatd.rediskit.layout import OWN, Layout
from beatd.rediskit.scripts import Script, script
from beatd.rediskit.url import connection_options
from beatd.serverclock import ServerClock

_SCHEMES = {"ready": "redis://", "kombu": "celery+redis://"}

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 5.0
IDLE_SECONDS = 30
TRIES = 3
RECHECK = 60_000_000

_encode = msgspec.msgpack.Encoder().encode


class _Asked:
    """A request that was sent, and its answer once that was read; or why there is none."""

    answer: Any = None
    error: RedisError | None = None


class Server:
    """The server at ``redis://`` or ``rediss://``, and the keys of one namespace on it; connects at first use.

    ``own``: the clock of this host; ``clock`` is the server's. ``layout``: how messages lie. Safe to share between
    threads, and to use on in a forked child. A connection that was lost is tried again a few times; a request that is
    not answered in time is not.
    """

    def __init__(
        self,
        url: str,
        namespace: str,
        own: Clock,
        *,
        layout: Layout = OWN,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.url = masked(url)
        self.namespace = namespace
        self.layout = layout
        self.prefix = f"{{beatd:{namespace}}}:"
        self.clock = ServerClock(self._time, own)
        self._own = own
        tls, options = connection_options(url)
        self._kind: Callable[..., Any] = SSLConnection if tls else Connection
        self._options = {
            **options,
            "protocol": 2,
            "socket_connect_timeout": connect_seconds,
            "socket_timeout": answer_seconds,
            "health_check_interval": IDLE_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            "client_name": "beatd",
        }
        self._local = threading.local()
        self._checked_at: int | None = None

    def run(self, name: str, *given: object, tries: int = TRIES) -> Any:
        """Run a script on these arguments; None is not among them (false stands for it)."""
        of_name = script(name, self.layout.fragment)
        try:
            return self._run(of_name, self._arguments(given), tries)
        except RedisError as error:
            raise translated(error, self.url, self.prefix, of_name.text, others=self.layout.others) from error

    def begin(self, name: str, *given: object) -> Callable[[], Any]:
        """Send a script as ``run`` does; what is returned waits for the answer, and tries again what got lost.

        Other requests may be made meanwhile: the server answers in their order.
        """
        of_name, arguments, asked = script(name, self.layout.fragment), self._arguments(given), _Asked()
        try:
            connection = self._connection()
            self._under_way.append(asked)
            connection.send_command("EVALSHA", of_name.sha, 1, self.prefix, *arguments)
        except RedisError as error:
            self.close()
            asked.error = error
        return partial(self._finish, asked, of_name, arguments)

    def _arguments(self, given: tuple[object, ...]) -> tuple[str | bytes, ...]:
        return _encode(given), *self.layout.constants

    def _finish(self, asked: _Asked, of_name: Script, arguments: tuple[str | bytes, ...]) -> Any:
        try:
            while asked in self._under_way:
                self._read_next()
            if asked.error is None:
                return asked.answer
            if type(asked.error) in {NoConnectionError, NoScriptError}:
                return self._run(of_name, arguments, TRIES)
            raise asked.error
        except RedisError as error:
            raise translated(error, self.url, self.prefix, of_name.text, others=self.layout.others) from error

    def _run(self, of_name: Script, arguments: tuple[str | bytes, ...], tries: int) -> Any:
        try:
            return self._ask("EVALSHA", of_name.sha, 1, self.prefix, *arguments, tries=tries)
        except NoScriptError:
            return self._ask("EVAL", of_name.text, 1, self.prefix, *arguments, tries=tries)

    def command(self, *words: str | bytes | float, longer: float = 0.0) -> Any:
        """Send one command that is safe to repeat; return the answer, which may take ``longer`` seconds than others."""
        try:
            return self._ask(*words, longer=longer)
        except RedisError as error:
            raise translated(error, self.url, self.prefix, others=self.layout.others) from error

    def block(self, keys: list[str], seconds: float) -> bool:
        """Wait until one of these lists holds something, which is taken off; False where none does in time."""
        return self.command("BLPOP", *keys, f"{seconds:.3f}", longer=seconds) is not None

    def recheck(self) -> None:
        """Look again, once a minute, whether the server may still be trusted. Raises BrokerUnavailableError."""
        if self._checked_at is None or self._own.elapsed() - self._checked_at < RECHECK:
            return
        wrong = self._unmet(self.command("INFO"))
        if wrong is not None:
            raise BrokerUnavailableError(self.url, wrong)
        if (refused := newer(self.command(*self._format), self.url)) is not None:
            raise StoreError(refused)
        self._checked_at = self._own.elapsed()

    def elapsed(self) -> int:
        """Return microseconds on this host's clock that never steps."""
        return self._own.elapsed()

    def close(self) -> None:
        """Close this thread's connection; others close with their thread."""
        for asked in self._under_way:
            asked.error = NoConnectionError("the connection was lost with the request under way")
        self._under_way.clear()
        held = self._local.__dict__.pop("connection", None)
        if held is not None:
            held.disconnect()

    @property
    def _under_way(self) -> deque[_Asked]:
        """What this thread's connection still has to answer, in that order."""
        found: deque[_Asked] = self._local.__dict__.setdefault("under_way", deque())
        return found

    def _read_next(self) -> None:
        asked = self._under_way.popleft()
        try:
            asked.answer = self._local.connection.read_response()
        except ResponseError as error:
            asked.error = error
        except RedisError as error:
            asked.error = error
            self.close()

    def _time(self) -> int:
        seconds, microseconds = self.command("TIME")
        return int(seconds) * 1_000_000 + int(microseconds)

    def _ask(self, *words: str | bytes | float, longer: float = 0.0, tries: int = TRIES) -> Any:
        for tried in range(tries):
            try:
                connection = self._connection()
                while self._under_way:
                    self._read_next()
                connection = self._connection()
                connection.send_command(*words)
                if longer:
                    return connection.read_response(timeout=longer + self._options["socket_timeout"])
                return connection.read_response()
            except NoConnectionError as error:
                # A server that was restarted, or that closed a quiet connection. Refusals of a password are of this
                # class too, and answers in time-outs of another.
                if type(error) is not NoConnectionError or tried == tries - 1:
                    raise
                self.close()
                threading.Event().wait(random.uniform(0.02, 0.1) * (tried + 1))
            except TookTooLongError:
                self.close()
                raise
        raise AssertionError  # the last try returns or raises

    def _connection(self) -> Any:
        held = self._local.__dict__.get("connection")
        # What a fork copied is the parent's: forgotten here, which closes this process's descriptor alone.
        if held is None or held.pid != os.getpid():
            held = self._local.connection = self._kind(**self._options)
            self._under_way.clear()
        if not held.is_connected:
            held.connect()
            if self._checked_at is None:
                try:
                    self._check(held)
                except BaseException:
                    held.disconnect()  # or the next request would find it connected, and go unchecked
                    raise
        return held

    @property
    def _format(self) -> tuple[str, str, str]:
        return "HGET", f"{self.prefix}state", "format"

    def _check(self, connection: Any) -> None:
        connection.send_command("INFO")
        wrong = self._unmet(connection.read_response())
        connection.send_command(*self._format)
        wrong = wrong or newer(connection.read_response(), self.url) or self._mixed(connection)
        if wrong is not None:
            raise StoreError(wrong)
        self._checked_at = self._own.elapsed()

    def _mixed(self, connection: Any) -> str | None:
        """Return why a namespace whose messages lie in another layout cannot be used; one without any is taken over."""
        state, layout = f"{self.prefix}state", self.layout.fragment
        connection.send_command("HGET", state, "layout")
        former = connection.read_response()
        if former is None or former.decode() == layout:
            return None
        connection.send_command("HLEN", f"{self.prefix}messages")
        count = connection.read_response()
        if count == 0:
            connection.send_command("HSET", state, "layout", layout)
            connection.read_response()
            return None
        scheme = _SCHEMES.get(former.decode(), "another URL")
        return (
            f"{self.url}: namespace {self.namespace!r} has {count} messages in the layout of {scheme}, which this one "
            "cannot read; let workers empty its queues there first, or name another `namespace`"
        )

    def _unmet(self, told: bytes) -> str | None:
        info = as_mapping(told.decode())
        return unmet(info, self.url) or self.layout.unmet(info, self.url)
