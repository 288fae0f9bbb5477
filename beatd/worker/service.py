"""The worker in this process, in the pool that is asked for."""

from collections.abc import Callable

from beatd.errors import SettingsError
from beatd.processes.notify import Notifier
from beatd.worker.solo import Solo
from beatd.worker.spec import WorkerSpec
from beatd.worker.supervisor import Supervisor


def run_worker(spec: WorkerSpec, *, ready: Callable[[], None] | None = None, notifier: Notifier | None = None) -> int:
    """Run a worker until it is told to stop; return the exit code.

    ``ready`` is called when it can run tasks and then at each tick; who gives it is this worker's parent, and takes
    STARTUP_FAILURE for an application that cannot be imported (1 otherwise). Raises SettingsError for another pool.
    """
    if spec.pool == "prefork":
        return Supervisor(spec, ready=ready, notifier=notifier).run()
    if spec.pool == "solo":
        return Solo(spec, ready=ready, notifier=notifier).run()
    raise SettingsError("pool", f"{spec.pool!r} is not in this version", "use prefork or solo")
