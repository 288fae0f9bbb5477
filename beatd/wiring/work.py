"""The worker, put together and run in this process."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from beatd.config.settings import Settings
from beatd.core.limits.shares import parse_queues
from beatd.core.registry import REGISTRY, Registry
from beatd.core.serializers.known import check_accept, serializer_named
from beatd.errors import CallError, NotSerializableError, SettingsError
from beatd.middleware.base import Middleware
from beatd.wiring.drivers import CLOCK, open_broker
from beatd.worker.builtin import register_builtins
from beatd.worker.spec import WorkerSpec, new_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Labour:
    """How much a worker takes on; None: as the settings say, or as fits the machine."""

    concurrency: int | None = None
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
    settings: Settings, labour: Labour, load_tasks: Callable[[], Sequence[Middleware]], *, most: int | None = None
) -> WorkerSpec:
    """Return what a worker is to be; ``load_tasks`` imports the user's code in the children, returns its middleware.

    ``most``: how many children there are at the most, where nobody says how many. Raises SettingsError for pickle as
    root: whoever could send a message would be root, too.
    """
    if {"pickle", "application/x-python-serialize"}.intersection(settings.accept) and os.geteuid() == 0:
        place = f"{settings.origins.get('accept', 'default')}: accept"
        raise SettingsError(place, "pickle is not read as root", "run the worker as another user, or leave pickle out")

    def load_app() -> Sequence[Middleware]:
        register_builtins(REGISTRY, settings.allow_shell, settings.allow_http, CLOCK)
        middleware = load_tasks()
        check_accept(settings.accept)
        _check_serializers(REGISTRY)
        return middleware

    queues, shares = parse_queues(settings.queues) if settings.queues else ((settings.queue,), ())
    return WorkerSpec(
        queues=queues,
        shares=shares,
        open_broker=lambda: open_broker(settings),
        load_app=load_app,
        clock=CLOCK,
        concurrency=_first(settings, labour, most),
        pool=settings.pool,
        drain_timeout=settings.drain_timeout,
        max_tasks_per_child=settings.max_tasks_per_child,
        max_memory_per_child=settings.max_memory_per_child,
        autoscale=settings.autoscale,
        accept=settings.accept,
        name=labour.name or new_name(),
    )


def _check_serializers(registry: Registry) -> None:
    """Raise CallError for a task whose messages could not be made: whoever sends it has the same code."""
    for task in registry.tasks.values():
        try:
            serializer_named(task.options.serializer or "json")
        except NotSerializableError as error:
            raise CallError(f"@task {task.name}: {error}") from None


def _first(settings: Settings, labour: Labour, most: int | None) -> int:
    """Return how many children there are at first."""
    if settings.autoscale is not None and settings.pool == "prefork":
        return settings.autoscale[0]
    return labour.concurrency or settings.workers or min(most or int(cpus()), int(cpus()))
