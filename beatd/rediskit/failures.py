"""Turns redis-py's errors into ours, once."""

import re

from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
    TimeoutError,  # noqa: A004  its name
)
from redis.exceptions import ConnectionError as NoConnectionError

from beatd.errors import BeatdError, BrokerUnavailableError, StoreError

# By the first word of the server's answer, also where a script passes it on. These may pass without anyone's hand:
_PASSING = {
    "LOADING": "it is still loading its data",
    "BUSY": "it is busy with a script of another program",
    "READONLY": "it is a replica, and records are kept on the primary only; name the primary, or end the fail-over",
    "MASTERDOWN": "it is a replica that lost its primary",
    "CLUSTERDOWN": "the cluster is down",
    "TRYAGAIN": "the cluster is being rearranged",
    "NOREPLICAS": "it has too few replicas to take a write (min-replicas-to-write)",
    "MISCONF": "it cannot write its snapshot to the disk, and so takes no writes; see its log",
    "OOM": "its memory is full; raise `maxmemory`, or take messages off its queues",
    "max number of clients": "it has as many clients as it takes; raise `maxclients`",
}


_FORBIDDEN = ("NOPERM", "ACL failure", "can't run this command", "can't access at least one of the keys")
_LINE = re.compile(r"user_script:\s*(\d+)")
_CALL = re.compile(r"redis\.call\('(\w+)'|write\('(\w+)'")


def translated(error: RedisError, url: str, prefix: str, script: str = "", *, others: str = "") -> BeatdError:
    """Return our error for redis-py's; ``prefix``: what beatd's own keys begin with; ``script``: the text that ran.

    ``others``: whose keys are used beside them, if anyone's.
    """
    said = str(error)
    if isinstance(error, AuthenticationError | AuthenticationWrongNumberOfArgsError | AuthorizationError):
        return StoreError(f"{url} does not take this user and password; correct them in `broker`")
    code = f"{getattr(error, 'status_code', None) or ''} {said}"
    if isinstance(error, NoPermissionError) or any(word in code for word in _FORBIDDEN):
        keys = "~* &* +publish" if others else f"~{prefix}*"
        return StoreError(
            f"{url}: {_first_line(said)}{_command(said, script)}; beatd needs `ACL SETUSER <user> {keys} "
            "+@read +@write +@scripting +@connection +info +time`"
        )
    for word, reason in _PASSING.items():
        if _tells(code, word):
            return BrokerUnavailableError(url, reason)
    if "WRONGTYPE" in code:
        beside = f", or one of {others}," if others else ""
        return StoreError(
            f"{url}: a key that begins with {prefix}{beside} holds what beatd did not put there; remove it"
        )
    if isinstance(error, TimeoutError):
        return BrokerUnavailableError(url, "it did not answer in time")
    if isinstance(error, NoConnectionError):
        return BrokerUnavailableError(url, _first_line(said))
    return StoreError(f"{url} refused: {_first_line(said)}")


def _tells(code: str, word: str) -> bool:
    return re.search(rf"(^|[\s:-]){word}\b", code) is not None


def _command(said: str, script: str) -> str:
    """Return which command a script failed at, where its line tells: the server does not."""
    line, lines = _LINE.search(said), script.splitlines()
    call = _CALL.search(lines[int(line[1]) - 1]) if line and 0 < int(line[1]) <= len(lines) else None
    return f" ({call[1] or call[2]})" if call else ""


def _first_line(said: str) -> str:
    return said.splitlines()[0].rstrip(".") if said else "no reason given"
