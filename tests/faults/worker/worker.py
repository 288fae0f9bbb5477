"""``python -m tests.faults.worker.worker URL``: a worker of two children on short leases, with its folder's tasks."""

import sys
from contextlib import closing
from dataclasses import replace

from beatd.config.settings import Settings
from beatd.errors import BeatdError
from beatd.processes.logs import set_up_logging
from beatd.processes.notify import Notifier
from beatd.wiring.drivers import open_state
from beatd.wiring.work import Labour, worker_spec
from beatd.worker.service import run_worker

LEASE = 2.0
"""Seconds, in place of thirty."""
CHILDREN = 2


def load() -> None:
    import tasks  # noqa: F401  the file beside which it was started


if __name__ == "__main__":
    sys.path.insert(0, "")
    set_up_logging("warning", "logfmt")
    settings = Settings(broker=sys.argv[1])
    try:
        with closing(open_state(settings)) as state:
            state.definitions.install()
    except BeatdError as error:
        sys.exit(f"beatd: {error}")
    spec = worker_spec(settings, Labour(concurrency=CHILDREN), load)
    sys.exit(run_worker(replace(spec, lease=round(LEASE * 1_000_000)), notifier=Notifier.from_environment()))
