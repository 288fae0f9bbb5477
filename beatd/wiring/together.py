"""``beatd run``: start-up from top to bottom."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from beatd.config.settings import Settings
from beatd.processes.group import Group
from beatd.processes.logs import set_up_logging
from beatd.processes.member import Part
from beatd.processes.notify import Notifier
from beatd.wiring.drivers import CLOCK, open_state
from beatd.wiring.installation import check_installation
from beatd.wiring.plausible import check_clock
from beatd.wiring.schedule import Manner, ReadCelery, new_holder, run_scheduler
from beatd.wiring.work import Labour, worker_spec
from beatd.wiring.worker import Code, loader
from beatd.worker import service

MOST_BUNDLED = 4
"""Children of the worker that comes along with a scheduler, where nobody says how many."""


def run(
    settings: Settings, code: Code | None, *, manner: Manner, labour: Labour | None, read_celery: ReadCelery
) -> int:
    """Run a scheduler and, with ``labour``, a worker under one supervisor; return the exit code.

    Raises StoreError for a store that cannot be opened; a source that cannot be read is told by the scheduler.
    """
    set_up_logging(settings.log_level, settings.log_format)
    read_code = code.read if code is not None else None
    with closing(open_state(settings)) as state:
        # Before anything is written: a state begun in 1970 would owe all the fires since then.
        check_clock(state, catch_up=manner.catch_up)
        installation = state.definitions.install()
        check_installation(settings, installation)
        manner = replace(manner, installation=installation.id)
    notifier, holder = Notifier.from_environment(), new_holder()

    def schedule(pulse: Callable[[], None]) -> int:
        return run_scheduler(
            settings, read_code=read_code, read_celery=read_celery, manner=manner, holder=holder, pulse=pulse
        )

    def work(pulse: Callable[[], None]) -> int:
        spec = worker_spec(settings, labour or Labour(), loader(code), most=MOST_BUNDLED)
        return service.run_worker(spec, ready=pulse)

    parts = [Part("scheduler", schedule), *([Part("worker", work)] if labour is not None else [])]
    return Group(parts, clock=CLOCK, stop_timeout=settings.drain_timeout, notifier=notifier).run()
