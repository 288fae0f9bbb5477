"""What an application has open when its process is about to be forked: closed where that is known how, else told."""

import gc
import logging
import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger("beatd.worker")

_FILES = Path("/proc/self/fd")


def open_sockets() -> frozenset[int]:
    """Return the descriptors of this process's sockets, as far as the platform tells."""
    found = set()
    with suppress(OSError):
        for entry in _FILES.iterdir():
            with suppress(OSError):
                if str(entry.readlink()).startswith("socket:"):
                    found.add(int(entry.name))
    return frozenset(found)


def other_threads() -> list[str]:
    """Return the names of the threads beside this one."""
    return [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]


def close_known() -> None:
    """Close what the pools of SQLAlchemy and Django hold idle: each child connects for itself.

    What the application has not imported is not imported here. An error of theirs is told, and is no reason to stop.
    """
    for close in (_close_sqlalchemy, _close_django):
        try:
            close()
        except Exception:  # anyone's drivers
            logger.exception("connections of before the fork could not be closed", extra={"action": "fork"})


def tell_open(before: frozenset[int]) -> None:
    """Warn of sockets that were opened since ``before``: all children would share them."""
    names = [_name(descriptor) for descriptor in sorted(open_sockets() - before)]
    if names:
        fields = {"action": "fork", "sockets": ", ".join(names)}
        logger.warning(
            "the application opens connections when it is imported; all children share them, and mix what they send; "
            "open them in tasks",
            extra=fields,
        )


def renew() -> None:
    """Give this process, which was forked from a template, random numbers of its own; ``random`` has them already."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def _close_sqlalchemy() -> None:
    module = sys.modules.get("sqlalchemy.engine")
    engine = getattr(module, "Engine", None)
    if engine is None:
        return
    # By their type: to ask an object for its class could wake a lazy one.
    for each in [found for found in gc.get_objects() if issubclass(type(found), engine)]:
        each.dispose()


def _close_django() -> None:
    module = sys.modules.get("django.db")
    if module is not None:
        module.connections.close_all()


def _name(descriptor: int) -> str:
    """Return whom a socket talks to, or where it listens."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:
        with suppress(OSError):
            return _address(copy.getpeername())
        return _address(copy.getsockname())
    return str(descriptor)


def _address(address: object) -> str:
    if isinstance(address, tuple):
        return ":".join(map(str, address[:2]))
    return os.fsdecode(address) or "unnamed" if isinstance(address, str | bytes) else str(address)
