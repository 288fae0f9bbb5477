"""The worker, put together and run in this process."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beatd.config.settings import Settings
from beatd.core.registry import REGISTRY
from beatd.wiring.drivers import CLOCK, open_broker
from beatd.worker.builtin import register_builtins
from beatd.worker.spec import WorkerSpec, new_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Labour:
    """How much a worker takes on; None: as the settings say, or as fits the machine."""

    concurrency: int | None = None
    queues: tuple[str, ...] | None = None
    pool: str | None = None
    name: str | None = None


def cpus() -> float:
    """Return how many CPUs this process may use, the quota of its control group included."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return allowed if quota == "max" else min(allowed, max(1.0, int(quota) / int(period)))
    except (OSError, ValueError):
        return allowed


def worker_spec(
    settings: Settings, labour: Labour, load_tasks: Callable[[], None], *, most: int | None = None
) -> WorkerSpec:
    """Return what a worker is to be; ``load_tasks`` imports the user's code, in the children.

    ``most``: how many children there are at the most, where nobody says how many.
    """

    def load_app() -> None:
        register_builtins(REGISTRY, settings.allow_shell, settings.allow_http, CLOCK)
        load_tasks()

    return WorkerSpec(
        queues=labour.queues or settings.queues or (settings.queue,),
        open_broker=lambda: open_broker(settings),
        load_app=load_app,
        clock=CLOCK,
        concurrency=labour.concurrency or settings.workers or min(most or int(cpus()), int(cpus())),
        pool=labour.pool or settings.pool,
        drain_timeout=settings.drain_timeout,
        name=labour.name or new_name(),
    )
