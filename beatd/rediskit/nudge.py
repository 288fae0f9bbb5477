"""The answer to a request that waits on the server, no later than it was to wait."""

from contextlib import suppress
from typing import Any, Final

from redis.exceptions import ResponseError

_GRACE: Final = 0.002
"""The server counts whole milliseconds, and ends what waits once more than so many have passed."""


def answer_in_time(connection: Any, seconds: float) -> Any:
    """Return the answer to what was sent last, which is to wait for ``seconds``. Raises RedisError.

    A server looks for those who have waited for long enough when something wakes it, and else ten times a second. So it
    is woken by another request: that is answered second, and what came for the first one at that moment is not lost.
    """
    if connection.can_read(timeout=seconds + _GRACE):
        return connection.read_response()
    # Without redis-py's own look at a connection that was quiet, which would take the first answer for its own.
    connection.send_command("PING", check_health=False)
    try:
        answer = connection.read_response()
    except ResponseError:
        connection.disconnect()  # or the next request would read the second answer
        raise
    with suppress(ResponseError):  # a refusal has woken the server as well
        connection.read_response()
    return answer
