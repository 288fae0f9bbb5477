"""The command line: each command reads its arguments, calls, and prints."""

import os
import sys
from typing import NoReturn

import click

from beatd.cli.commands import beatd
from beatd.errors import BeatdError, SettingsError

INTERRUPTED = 130
BROKEN_PIPE = 1  # as click has it where the pipe breaks earlier


def main() -> NoReturn:
    """Run the command line of this process; exit 0 done, 1 failed, 2 wrong usage."""
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has enough. Without this, flushing at exit would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE
    sys.exit(code)


def _run() -> int:
    try:
        code = beatd.main(prog_name="beatd", standalone_mode=False)
    except click.ClickException as error:
        if isinstance(error, click.UsageError):
            error.show()
        else:
            _say(error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BeatdError as error:
        _say(str(error))
        wrong_usage = isinstance(error, SettingsError) and error.place.startswith("command line")
        return 2 if wrong_usage else 1
    return code if isinstance(code, int) else 0


def _say(sentence: str) -> None:
    click.echo(f"error: {sentence}", err=True)
