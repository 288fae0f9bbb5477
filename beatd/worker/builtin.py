"""The tasks that come with beatd: a command line, and an HTTP request."""

import shlex
from collections.abc import Callable, Mapping, Sequence

from beatd.core.registry import RegisteredTask, Registry
from beatd.errors import TaskRefusedError
from beatd.ports import Clock
from beatd.worker.allow import allows_command, allows_url, command_line
from beatd.worker.arguments import (
    require_seconds,
    require_statuses,
    require_text,
    require_texts,
    require_whole,
    require_words,
)

SHELL = "beatd.shell"
HTTP = "beatd.http"


def register_builtins(registry: Registry, allow_shell: Sequence[str], allow_http: Sequence[str], clock: Clock) -> None:
    """Register ``beatd.shell`` and ``beatd.http``, which do only what these patterns allow: nothing, if there are none.

    Whoever can write to a queue could otherwise run anything.
    """
    registry.add(RegisteredTask(SHELL, make_shell(tuple(allow_shell), clock)))
    registry.add(RegisteredTask(HTTP, make_http(tuple(allow_http), clock)))


def make_shell(allowed: Sequence[str], clock: Clock) -> Callable[..., dict[str, object]]:
    """Return the function behind ``beatd.shell``."""

    def shell(
        argv: list[str],
        timeout: float = 60,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        tail: int = 4000,
    ) -> dict[str, object]:
        """Run a command line, given as a list of words, without a shell; ``timeout`` in seconds."""
        require_seconds("timeout", timeout)
        require_text("cwd", cwd, optional=True)
        require_texts("env", env, {"LANG": "C"})
        require_whole("tail", tail)
        words = command_line(require_words(argv), cwd=cwd, env=env)
        if not allows_command(allowed, words):
            raise TaskRefusedError(_refusal("command line", shlex.join(words), "allow_shell", shlex.join(words)))
        from beatd.worker.shell import run_command

        return run_command(argv, timeout=timeout, cwd=cwd, env=env, tail=max(0, tail), clock=clock)

    return _named(shell, SHELL)


def make_http(allowed: Sequence[str], clock: Clock) -> Callable[..., dict[str, object]]:
    """Return the function behind ``beatd.http``."""

    def check(url: str) -> None:
        if not allows_url(allowed, url):
            shown = url.partition("?")[0]
            raise TaskRefusedError(_refusal("URL", shown, "allow_http", shown))

    def http(
        url: str,
        method: str = "GET",
        timeout: float = 10,
        expect: int | list[int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> dict[str, object]:
        """Make a request and expect a status of 200 to 299, or one of ``expect``; ``timeout`` in seconds."""
        require_text("url", url)
        require_text("method", method)
        require_seconds("timeout", timeout)
        require_statuses("expect", expect)
        require_texts("headers", headers, {"Accept": "*/*"})
        require_text("body", body, optional=True)
        check(url)
        from beatd.worker.request import build_request, make_request

        request = build_request(url, method, headers, body)
        return make_request(request, timeout=timeout, expected=_expectation(expect), check=check, clock=clock)

    return _named(http, HTTP)


def _named(function: Callable[..., dict[str, object]], name: str) -> Callable[..., dict[str, object]]:
    """Name a function as its task: Python's words for arguments that do not fit begin with that name."""
    function.__qualname__ = name
    return function


def _expectation(expect: int | list[int] | None) -> Callable[[int], bool]:
    if expect is None:
        return range(200, 300).__contains__
    return {expect}.__contains__ if isinstance(expect, int) else frozenset(expect).__contains__


def _refusal(what: str, value: str, setting: str, suggestion: str) -> str:
    return (
        f"this worker's settings do not allow the {what} {value!r}; "
        f"to allow it add {suggestion!r}, or a pattern for it, to {setting} in [beatd] where the worker runs"
    )
