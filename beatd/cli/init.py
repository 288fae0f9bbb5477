"""``beatd init``."""

from pathlib import Path

import click

from beatd.cli.options import examples
from beatd.errors import BeatdError

_TOML = """\
# Read by `beatd run` in this folder. After an edit: `beatd check`; a running beatd notices by itself.

[beatd]
app = "tasks"                      # tasks.py, imported by the worker
timezone = "UTC"                   # for the entries that name none

[schedules.heartbeat]
schedule = "every 5s"
task = "tasks.heartbeat"

[schedules.weekday-report]
schedule = "0 8 * * mon-fri"       # `beatd explain "0 8 * * mon-fri" --timezone Europe/Berlin`
timezone = "Europe/Berlin"
task = "tasks.report"
kwargs = { recipient = "team@example.com" }
"""

_TASKS = '''\
"""Tasks: plain functions that a worker runs. `beatd call tasks.add 2 3 --wait` runs one from the shell."""

from beatd import task


@task
def heartbeat() -> str:
    """Called every five seconds by the entry "heartbeat" of beatd.toml."""
    return "alive"


@task
def report(recipient: str) -> str:
    """Called on weekdays by the entry "weekday-report"."""
    return f"report for {recipient}"


@task
def add(x: int, y: int) -> int:
    """Called by whoever calls add.delay(2, 3)."""
    return x + y
'''

FILES = {"beatd.toml": _TOML, "tasks.py": _TASKS}


@click.command("init", epilog=examples("beatd init && beatd run"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def command(folder: Path) -> None:
    """Write beatd.toml and tasks.py to begin with.

    Into FOLDER, or the working directory. Never overwrites a file.
    """
    there = [str(folder / name) for name in FILES if (folder / name).exists()]
    if there:
        raise BeatdError(f"{' and '.join(there)} already there; nothing was written, name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in FILES.items():
            # "x": somebody else's file that has appeared meanwhile is not overwritten either.
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
            click.echo(f"wrote {folder / name}")
    except OSError as error:
        raise BeatdError(f"{error.filename}: cannot be written: {error.strerror}") from error
    go = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"next: {go}beatd run")
