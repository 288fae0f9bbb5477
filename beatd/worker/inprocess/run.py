"""A worker without children: the application is loaded here, and signals are heeded beside the tasks."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Final

from beatd.processes.fork import STARTUP_FAILURE
from beatd.processes.forked import give_back_signals_in_forks
from beatd.processes.logs import keep_log_apart
from beatd.processes.notify import Notifier
from beatd.processes.output import output_logged
from beatd.processes.running import belong_to_no_task
from beatd.processes.signals import SignalInbox
from beatd.processes.stacks import stacks_at_usr1
from beatd.worker.entry import load
from beatd.worker.inprocess.crew import Crew
from beatd.worker.inprocess.lookout import Lookout
from beatd.worker.inprocess.loops import Loops
from beatd.worker.service import HEEDED
from beatd.worker.spec import WorkerSpec

SECOND: Final = 1_000_000

logger = logging.getLogger("beatd.worker")


_OF_CHILDREN: Final = ("max_tasks_per_child", "max_memory_per_child", "autoscale")


def run_solo(spec: WorkerSpec, *, ready: Callable[[], None] | None, notifier: Notifier | None) -> int:
    """Run one task at a time, in the main thread: there a soft limit interrupts what waits, too."""
    spec = _without_children(spec)

    def go(inbox: SignalInbox, of_tasks: WorkerSpec) -> None:
        loops = Loops(of_tasks, 1, spec.open_broker, inbox.poke)
        crew = Crew(spec, loops, inbox, ready=ready, notifier=notifier)
        # Its own connection and all signals: both must go on while a task holds the main thread.
        attendant = Thread(target=_attend, args=(crew,), name="beatd-solo", daemon=True)
        attendant.start()
        loops.work(0)
        attendant.join(2 * spec.lease / SECOND)

    return _run(spec, go, has_parent=ready is not None)


def run_threads(spec: WorkerSpec, *, ready: Callable[[], None] | None, notifier: Notifier | None) -> int:
    """Run as many tasks at a time as there are threads; the main thread attends to them."""
    spec = _without_children(spec)

    def go(inbox: SignalInbox, of_tasks: WorkerSpec) -> None:
        lookout = Lookout(spec)
        loops = Loops(of_tasks, spec.concurrency, lookout.open_broker, inbox.poke)
        crew = Crew(spec, loops, inbox, ready=ready, notifier=notifier)
        # Daemons, so that the end of the process does not wait for a task that was given up.
        threads = [
            Thread(target=loops.work, args=(index,), name=f"beatd-task-{index + 1}", daemon=True)
            for index in range(spec.concurrency)
        ]
        for thread in threads:
            thread.start()
        _attend(crew)
        lookout.close()
        for thread in threads:
            # It has ended its loop; it may be about to say so to the inbox, which is closed next.
            thread.join()

    return _run(spec, go, has_parent=ready is not None)


def _without_children(spec: WorkerSpec) -> WorkerSpec:
    """Return the spec without what only children can be asked for; say so."""
    unmet = [name for name in _OF_CHILDREN if getattr(spec, name) is not None]
    if unmet:
        fields = {"action": "pool", "settings": ", ".join(unmet)}
        logger.warning("the %s pool has no children: some settings mean nothing", spec.pool, extra=fields)
    return replace(spec, max_tasks_per_child=None, max_memory_per_child=None, autoscale=None)


def _attend(crew: Crew) -> None:
    belong_to_no_task()
    try:
        crew.attend()
    except (
        BaseException
    ):  # without it no lease is renewed and no signal heeded: who started this process is to do it again
        logger.exception("the worker cannot go on", extra={"action": "stopped"})
        os._exit(1)


def _run(spec: WorkerSpec, go: Callable[[SignalInbox, WorkerSpec], None], *, has_parent: bool) -> int:
    """Load the application, then ``go`` with the spec of those who run its tasks: they have its middleware, too."""
    own = load(spec.load_app)
    if own is None:
        return STARTUP_FAILURE if has_parent else 1
    keep_log_apart()
    give_back_signals_in_forks()
    with SignalInbox(HEEDED) as inbox, stacks_at_usr1(), output_logged():
        go(inbox, replace(spec, middleware=(*spec.middleware, *own)))
    return 0
