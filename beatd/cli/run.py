"""``beatd run``."""

import sys
from dataclasses import replace
from functools import partial

import click

from beatd.cli.options import WORKER_SETTINGS, also, examples, given, log_options, with_code, worker_options
from beatd.cli.sources import own_table
from beatd.config.settings import Settings


@click.command(
    "run",
    epilog=examples(
        "beatd run", "beatd run --schedule schedules/ -A shop.tasks --workers 4", "beatd run --no-worker --strict"
    ),
)
@with_code
@also(worker_options)
@click.option("--no-worker", is_flag=True, help="Only schedule; `beatd worker` elsewhere runs the tasks.")
@click.option("--strict", is_flag=True, help="Refuse to start with a bad entry, rather than leave it out.")
@click.option("--replace-set", is_flag=True, help="Make these files the set, whatever set the store holds.")
@click.option("--catch-up", is_flag=True, help="Go on after the store was set back to an older state.")
@also(log_options)
def command(settings: Settings, *, no_worker: bool, strict: bool, replace_set: bool, catch_up: bool) -> None:
    """Run scheduler and worker under one supervisor.

    Reads the schedules of each --schedule SRC (a TOML file, a folder of them, sqlite:///PATH or postgresql://… for the
    table beatd_schedules of a database, or celery:MODULE for the beat_schedule of a Celery project), else of
    ./beatd.toml, else of that table in the broker's own database where it has rows. Ctrl-C or TERM ends it once the
    tasks that run have had their time; HUP reads the schedules again.
    """
    said = WORKER_SETTINGS & given(click.get_current_context()).keys()
    if no_worker and said:
        raise click.UsageError(f"--no-worker and --{min(said).replace('_', '-')} exclude each other")
    if not settings.schedule and not settings.app:
        settings = replace(settings, schedule=(own_table(settings),))
    from beatd.app.celery.reading import read_celery
    from beatd.app.code import code_of
    from beatd.wiring.schedule import Manner
    from beatd.wiring.together import run
    from beatd.wiring.work import Labour

    manner = Manner(strict=strict, replace_set=replace_set, catch_up=catch_up)
    labour = None if no_worker else Labour()
    projects = partial(read_celery, settings)
    sys.exit(run(settings, code_of(settings), manner=manner, labour=labour, read_celery=projects))
