"""The worker in this process, in the pool that is asked for."""

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from beatd.errors import SettingsError
from beatd.processes.notify import Notifier
from beatd.worker.spec import WorkerSpec

if TYPE_CHECKING:
    from beatd.worker.template.early import EarlyTemplate

HEEDED: Final = (
    signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTSTP,
    signal.SIGCONT, signal.SIGCHLD,
)  # fmt: skip
"""The signals that a worker takes note of, whatever its pool."""


def run_worker(
    spec: WorkerSpec,
    *,
    ready: Callable[[], None] | None = None,
    notifier: Notifier | None = None,
    early: "EarlyTemplate | None" = None,
) -> int:
    """Run a worker until it is told to stop; return the exit code.

    ``ready`` is called when it can run tasks and then at each tick; who gives it is this worker's parent, and takes
    STARTUP_FAILURE for an application that cannot be imported (1 otherwise). Raises SettingsError for another pool.
    ``early``: a template that this process has begun, of use to the prefork pool.
    """
    if early is not None and spec.pool != "prefork":
        early.end()
    # One pool is loaded, the one that is asked for.
    match spec.pool:
        case "prefork":
            from beatd.worker.supervisor import Supervisor

            return Supervisor(spec, ready=ready, notifier=notifier, early=early).run()
        case "threads":
            from beatd.worker.inprocess.run import run_threads

            return run_threads(spec, ready=ready, notifier=notifier)
        case "solo":
            from beatd.worker.inprocess.run import run_solo

            return run_solo(spec, ready=ready, notifier=notifier)
    raise SettingsError("pool", f"{spec.pool!r} is not in this version", "use prefork, threads or solo")
