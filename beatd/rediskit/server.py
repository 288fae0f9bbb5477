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
from beatd.rediskit.nudge import answer_in_time
from beatd.rediskit.scripts import Script, script
from beatd.rediskit.url import connection_options
from beatd.rediskit.wire import request
from beatd.serverclock import ServerClock

_SCHEMES = {"ready": "redis://", "kombu": "celery+redis://"}

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 5.0
IDLE_SECONDS = 30
TRIES = 3
RECHECK = 60_000_000

_encode = msgspec.msgpack.Encoder().encode


class _Asked:
    """A request that was sent, and its answer once that was heard; or why there is none."""

    __slots__ = ("answer", "error", "heard")

    def __init__(self) -> None:
        self.answer: Any = None
        self.error: RedisError | None = None
        self.heard = False

    def fail(self, error: RedisError) -> None:
        """Say that no answer will come."""
        self.error, self.heard = error, True


class _OfThread(threading.local):
    """One thread's connection, and what that still has to answer, in that order."""

    connection: Any = None

    def __init__(self) -> None:
        self.under_way: deque[_Asked] = deque()


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
        self._local = _OfThread()
        self._checked_at: int | None = None
        self._told: set[str] = set()

    def run(self, name: str, *given: object, tries: int = TRIES) -> Any:
        """Run a script on these arguments; None is not among them (false stands for it)."""
        return self.run_on(name, self._arguments(given), tries=tries)

    def run_on(self, name: str, arguments: tuple[str | bytes, ...], *, tries: int = TRIES) -> Any:
        """Run a script that takes its arguments as they are."""
        of_name = script(name, self.layout.fragment)
        try:
            return self._run(of_name, arguments, tries)
        except RedisError as error:
            raise translated(error, self.url, self.prefix, of_name.text, others=self.layout.others) from error

    def begin(self, name: str, *given: object, tries: int = TRIES) -> Callable[[], Any]:
        """Send a script as ``run`` does; what is returned waits for the answer, and tries again what got lost.

        Other requests may be made meanwhile: the server answers in their order.
        """
        of_name, arguments, asked = script(name, self.layout.fragment), self._arguments(given), _Asked()
        try:
            connection = self._connection()
            self._local.under_way.append(asked)
            # Whole for the first time: what is sent after it is not to be carried out before it.
            words = ("EVALSHA", of_name.sha) if of_name.sha in self._told else ("EVAL", of_name.text)
            self._told.add(of_name.sha)
            connection.send_packed_command((request(*words, 1, self.prefix, *arguments),))
        except RedisError as error:
            self.close()
            asked.fail(error)
        return partial(self._finish, asked, of_name, arguments, tries)

    def _arguments(self, given: tuple[object, ...]) -> tuple[str | bytes, ...]:
        return _encode(given), *self.layout.constants

    def _finish(self, asked: _Asked, of_name: Script, arguments: tuple[str | bytes, ...], tries: int) -> Any:
        try:
            while not asked.heard:
                self._read_next()
            if asked.error is None:
                return asked.answer
            if type(asked.error) is NoScriptError or (type(asked.error) is NoConnectionError and tries > 1):
                return self._run(of_name, arguments, tries)
            raise asked.error
        except RedisError as error:
            raise translated(error, self.url, self.prefix, of_name.text, others=self.layout.others) from error

    def _run(self, of_name: Script, arguments: tuple[str | bytes, ...], tries: int) -> Any:
        try:
            return self._ask("EVALSHA", of_name.sha, 1, self.prefix, *arguments, tries=tries)
        except NoScriptError:
            return self._ask("EVAL", of_name.text, 1, self.prefix, *arguments, tries=tries)

    def command(self, *words: str | bytes | float, waits: float | None = None) -> Any:
        """Send one command that is safe to repeat; return the answer. ``waits``: so many seconds on the server."""
        try:
            return self._ask(*words, waits=waits)
        except RedisError as error:
            raise translated(error, self.url, self.prefix, others=self.layout.others) from error

    def block(self, keys: list[str], seconds: float, *, late: float = 0.0) -> bool:
        """Wait until one of these lists holds something, which is taken off; False where none does in time.

        ``late``: by how many seconds it may last longer; 0.1 or more spares a request.
        """
        return self.command("BLPOP", *keys, f"{seconds:.3f}", waits=seconds + late) is not None

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
        self._lose()
        held, self._local.connection = self._local.connection, None
        if held is not None:
            held.disconnect()

    def _lose(self) -> None:
        """Say of all that is under way that it was lost with its connection."""
        lost = self._local.under_way
        while lost:
            lost.popleft().fail(NoConnectionError("the connection was lost with the request under way"))

    def _read_next(self) -> None:
        asked = self._local.under_way.popleft()
        asked.heard = True
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

    def _ask(self, *words: str | bytes | float, waits: float | None = None, tries: int = TRIES) -> Any:
        told = request(*words)
        for tried in range(tries):
            try:
                connection = self._connection()
                if self._local.under_way:
                    connection = self._answered()
                connection.send_packed_command((told,))
                return connection.read_response() if waits is None else answer_in_time(connection, waits)
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

    def _answered(self) -> Any:
        """Return the connection once nothing is under way on it."""
        while self._local.under_way:
            self._read_next()
        return self._connection()

    def _connection(self) -> Any:
        held = self._local.connection
        # What a fork copied is the parent's: forgotten here, which closes this process's descriptor alone.
        if held is None or held.pid != os.getpid():
            held = self._local.connection = self._kind(**self._options)
            self._lose()
        if not held.is_connected:
            held.connect()
            if self._checked_at is None:
                try:
                    self._check(held)
                except BaseException:  # raised again: the next request would find it connected, and go unchecked
                    held.disconnect()
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
