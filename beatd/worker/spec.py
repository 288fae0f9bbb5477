"""What a worker is to be, and how each of its processes gets what it needs."""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from beatd.brokerports import Keeper, Limits, Pauses, QueueAdmin, Receiver
from beatd.core.limits.shares import Share
from beatd.core.protocol import JSON_ONLY
from beatd.core.registry import REGISTRY, Registry
from beatd.middleware.base import Middleware
from beatd.middleware.logging import LogRuns
from beatd.ports import Clock

SECOND = 1_000_000


class WorkerBroker(Protocol):
    """The parts of a broker that a worker's processes use; each opens its own after the fork."""

    @property
    def receiver(self) -> Receiver:
        """Messages to run."""

    @property
    def keeper(self) -> Keeper:
        """What the supervisor does for its children's messages."""

    @property
    def admin(self) -> QueueAdmin:
        """Where workers report."""

    @property
    def limits(self) -> Limits:
        """What is to be ended while it runs."""

    @property
    def pauses(self) -> Pauses:
        """Queues that nobody claims from."""

    @property
    def close(self) -> Callable[[], None]:
        """Close the connections; called before a fork too, so that no child inherits an open one."""


def new_name() -> str:
    """Return a name that no other worker has, on this host or elsewhere."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """Durations in microseconds.

    ``load_app`` imports the user's code and returns its middleware, if any; it is called in children only.
    ``shares``: in which order the queues are asked; none: all as one line, by priority, then age.
    ``pool``: "prefork", "threads" or "solo". ``accept``: the serializers whose bodies are read.
    ``report``: how often the worker says in the broker that it is alive.
    ``silent_after``: a child that for so long, between two tasks, gives no sign of life is killed.
    ``max_tasks_per_child``: after how many tasks a child is replaced (None: never); ``max_memory_per_child``: above how
    many bytes, resident, it is replaced after its task, and killed above twice as many.
    ``autoscale``: the fewest and the most children, where ``concurrency`` is how many there are at first.
    ``idle_after``: a child that had nothing to do for so long may go.
    """

    queues: tuple[str, ...]
    open_broker: Callable[[], WorkerBroker]
    load_app: Callable[[], Sequence[Middleware] | None]
    clock: Clock
    shares: tuple[Share, ...] = ()
    concurrency: int = 1
    pool: str = "prefork"
    drain_timeout: int = 25 * SECOND
    lease: int = 30 * SECOND
    report: int = 5 * SECOND
    silent_after: int = 60 * SECOND
    max_tasks_per_child: int | None = None
    max_memory_per_child: int | None = None
    autoscale: tuple[int, int] | None = None
    idle_after: int = 30 * SECOND
    registry: Registry = field(default_factory=lambda: REGISTRY)
    middleware: tuple[Middleware, ...] = (LogRuns(),)
    accept: tuple[str, ...] = JSON_ONLY
    name: str = field(default_factory=new_name)

    @property
    def told(self) -> dict[str, str]:
        """Return who takes from which queues: what people look for where nothing is run."""
        return {"worker": self.name, "queues": ",".join(self.queues)}
