"""``beatd worker``."""

import sys

import click

from beatd.cli.options import also, examples, log_options, with_code, worker_options
from beatd.config.settings import Settings


@click.command(
    "worker", epilog=examples("beatd worker -A shop.tasks -c 4", "beatd worker -A shop.tasks -Q mails,celery")
)
@with_code
@also(worker_options)
@click.option("-n", "--name", "--hostname", "name", metavar="NAME", help="Its name, as `beatd status` shows it.")
@also(log_options)
def command(settings: Settings, *, name: str | None) -> None:
    """Run a worker: children that claim tasks and run them.

    Ctrl-C or TERM stops claiming, gives the tasks that run their time, and puts back the rest.
    """
    from beatd.app.code import code_of
    from beatd.wiring.together import run_worker
    from beatd.wiring.work import Labour

    sys.exit(run_worker(settings, code_of(settings), labour=Labour(name=name)))
