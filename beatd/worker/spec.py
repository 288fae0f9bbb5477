"""What a worker is to be, and how each of its processes gets what it needs."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from beatd.core.registry import REGISTRY, Registry
from beatd.middleware.base import Middleware
from beatd.middleware.logging import LogRuns
from beatd.ports import Clock, Limits, QueueAdmin, Receiver

SECOND = 1_000_000


class WorkerBroker(Protocol):
    """The parts of a broker that a worker's processes use; each opens its own after the fork."""

    @property
    def receiver(self) -> Receiver:
        """Messages to run."""

    @property
    def admin(self) -> QueueAdmin:
        """Where workers report."""

    @property
    def limits(self) -> Limits:
        """What is to be ended while it runs."""

    @property
    def close(self) -> Callable[[], None]:
        """Close the connections; called before a fork too, so that no child inherits an open one."""


def new_name() -> str:
    """Return a name that no other worker has, on this host or elsewhere."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """Durations in microseconds. ``load_app`` imports the user's code; it is called in children only.

    ``pool``: "prefork" or "solo". ``report``: how often the worker says in the broker that it is alive.
    """

    queues: tuple[str, ...]
    open_broker: Callable[[], WorkerBroker]
    load_app: Callable[[], None]
    clock: Clock
    concurrency: int = 1
    pool: str = "prefork"
    drain_timeout: int = 25 * SECOND
    lease: int = 30 * SECOND
    report: int = 5 * SECOND
    registry: Registry = field(default_factory=lambda: REGISTRY)
    middleware: tuple[Middleware, ...] = (LogRuns(),)
    name: str = field(default_factory=new_name)
