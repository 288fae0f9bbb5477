"""Make an HTTP request for a task: bounded in time and size, following no redirection to where it must not go."""

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, Final

from beatd.errors import RequestFailedError
from beatd.ports import Clock

SECOND: Final = 1_000_000
_TAIL: Final = 4000
_MOST: Final = 1 << 20


class _GuardedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only where ``check`` raises nothing."""

    def __init__(self, check: Callable[[str], None]) -> None:
        self._check = check

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request that follows, or raise."""
        self._check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def make_request(
    request: urllib.request.Request,
    *,
    timeout: float,
    expected: Callable[[int], bool],
    check: Callable[[str], None],
    clock: Clock,
) -> dict[str, object]:
    """Return status, the body's last letters, and seconds; raise RequestFailedError for no or an unexpected answer."""
    began = clock.elapsed()
    opener = urllib.request.build_opener(_GuardedRedirects(check))
    try:
        with _answer(opener, request, timeout) as response:
            status = int(response.status)
            body = _body(response, began + round(timeout * SECOND), clock)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise RequestFailedError(f"{request.get_method()} {_shown(request)} failed: {reason}") from None
    if not expected(status):
        raise RequestFailedError(f"{request.get_method()} {_shown(request)} answered {status}; its body: {body!r}")
    return {"status": status, "tail": body, "seconds": round((clock.elapsed() - began) / SECOND, 3)}


def build_request(
    url: str, method: str, headers: Mapping[str, str] | None, body: str | bytes | None
) -> urllib.request.Request:
    """Return the request."""
    data = body.encode() if isinstance(body, str) else body
    return urllib.request.Request(url, data=data, headers={"User-Agent": "beatd", **(headers or {})}, method=method)  # noqa: S310  the scheme was checked


def _answer(opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float) -> Any:
    try:
        return opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        # A status of 400 and above is an answer like any other here.
        return error


def _body(response: Any, deadline: int, clock: Clock) -> str:
    """Read a bounded part of the body, for as long as the time-out allows, and return its end."""
    kept, read = b"", 0
    while read < _MOST and clock.elapsed() < deadline:
        chunk = response.read1(16_384)
        if not chunk:
            break
        read += len(chunk)
        kept = (kept + chunk)[-4 * _TAIL :]
    return kept.decode("utf-8", "replace")[-_TAIL:]


def _shown(request: urllib.request.Request) -> str:
    """Return the URL without its query, which may hold a secret."""
    return request.full_url.partition("?")[0]
