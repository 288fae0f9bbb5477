"""``beatd worker``."""

import sys

import click

from beatd.cli.options import also, examples, log_options, setting_options, uncollected, usable_settings, worker_options


@click.command(
    "worker", epilog=examples("beatd worker -A shop.tasks -c 4", "beatd worker -A shop.tasks -Q mails,celery")
)
@setting_options
@also(worker_options)
@click.option("-n", "--name", "--hostname", "name", metavar="NAME", help="Its name, as `beatd status` shows it.")
@click.option("--reload", "reloads", is_flag=True, help="For development: replace the children when code changes.")
@also(log_options)
def command(*, name: str | None, reloads: bool) -> None:
    """Run a worker: children that claim tasks and run them.

    Ctrl-C or TERM stops claiming, gives the tasks that run their time, and puts back the rest.
    """
    with uncollected():
        from beatd.app.ahead import Ahead

    with Ahead() as ahead:
        settings = usable_settings(strict=True, ask=ahead.ask)
        if reloads and settings.pool != "prefork":
            told = f"--reload replaces children, which -P {settings.pool} does not have; use -P prefork"
            raise click.UsageError(told)
        if reloads and not settings.app:
            raise click.UsageError("--reload has nothing to watch; name the application with -A")
        from beatd.app.code import code_of
        from beatd.app.sources import source_roots
        from beatd.wiring.work import Labour
        from beatd.wiring.worker import run_worker

        watched = source_roots(settings.app, settings.app_dir) if reloads else ()
        if reloads:
            # What is edited from the first import on is to be seen: so it is watched before that.
            ahead.end()
        labour = Labour(name=name)
        sys.exit(run_worker(settings, code_of(settings), labour=labour, watched=watched, early=ahead.template))
