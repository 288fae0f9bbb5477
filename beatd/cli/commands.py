"""The table of commands. Each is imported only when it is called, so that ``beatd --help`` is quick."""

from importlib import import_module

import click

from beatd import __version__
from beatd.cli.options import app_option, broker_option, config_option

COMMANDS = {
    "add": "Add an entry to a TOML file or a database.",
    "audit": "Recompute what should have fired, and compare it with what is on record.",
    "backfill": "Emit fires that were not emitted, beside the schedule.",
    "call": "Send a task to the queue by its name.",
    "check": "Read schedules, say all that is wrong, and what is odd.",
    "completion": "Print the shell completion script.",
    "config": "Show each setting, its value and where it came from.",
    "db": "Look after the database.",
    "edit": "Change an entry where it is defined.",
    "explain": "Show when a schedule fires, in its canonical text.",
    "export": "Print entries as TOML that can be imported again.",
    "forward": "Settle what is owed up to a moment, on record, without emitting it.",
    "import": "Take over entries from a crontab, Celery, django-celery-beat or a TOML file.",
    "init": "Write beatd.toml and tasks.py to begin with.",
    "list": "List the entries of the store's set and of tables.",
    "next": "Show what fires next, over all entries of the sources.",
    "pause": "Pause an entry: its fires end paused until it is resumed.",
    "queue": "Show the sizes of queues, pause, resume and empty them.",
    "remove": "Remove an entry where it is defined.",
    "result": "Show what became of a task message.",
    "resume": "End an entry's pause.",
    "run": "Run scheduler and worker under one supervisor.",
    "runs": "Show what happened: fires, their tasks, and what was not emitted.",
    "show": "Show one entry in full.",
    "state": "Show or repair the state of the namespace.",
    "status": "Show schedulers, leases, lag, queues and workers.",
    "systemd": "Print systemd units with the paths of this installation.",
    "trigger": "Send an entry's task now, beside its schedule.",
    "worker": "Run a worker: children that claim tasks and run them.",
}
"""Name to short help."""

_ELSEWHERE = {name: f"operate.{name}" for name in ("audit", "backfill", "forward", "queue", "state")} | {
    **{name: f"edit.{name}" for name in ("add", "edit", "export", "remove")},
    # A trailing ``_`` where Python has the word already.
    "list": "list_",
    "next": "next_",
    "import": "edit.import_",
}


def module_of(name: str) -> str:
    """Return the module that holds a command."""
    return f"beatd.cli.{_ELSEWHERE.get(name, name)}"


class LazyGroup(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Return the command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(module_of(cmd_name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """Write the table without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="beatd %(version)s")
@app_option
@broker_option
@config_option
def beatd() -> None:
    """Run periodic tasks: every fire is emitted exactly once, or on record with the reason why not."""
