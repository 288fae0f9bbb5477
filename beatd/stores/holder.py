"""Where this process runs, as a scheduler says of itself in the store."""

import os
from functools import cache


def here() -> dict[str, str | int]:
    """Return host and pid of this process."""
    return {"host": _host(), "pid": os.getpid()}


@cache
def _host() -> str:
    return os.uname().nodename
