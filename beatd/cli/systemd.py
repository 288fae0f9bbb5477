"""``beatd systemd``."""

import getpass
import os
import re
import shutil
import sys
from pathlib import Path

import click

from beatd.cli.options import examples, read_settings, setting_options
from beatd.cli.units import Place, scheduler_unit, worker_unit
from beatd.config.settings import Settings
from beatd.config.urls import celery_app
from beatd.errors import BeatdError

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?|[0-9]{1,9}")  # a name, or a number


@click.command("systemd", epilog=examples("beatd systemd --schedule prod.toml -A shop.tasks --output /tmp"))
@setting_options
@click.option("--user", metavar="NAME", help="The user to run as; you, or beatd if you are root.")
@click.option("--output", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Write them there.")
def command(*, user: str | None, output: Path | None) -> None:
    """Print systemd units with the paths of this installation.

    beatd.service runs scheduler and worker; beatd-worker@.service runs one more worker for each instance.
    """
    if user is not None and not _USER.fullmatch(user):
        raise click.BadParameter(f"{user!r} cannot be the name of a user", param_hint="--user")
    settings = read_settings()
    executable, *words = _command()
    name = user or ("beatd" if os.geteuid() == 0 else getpass.getuser())
    place = Place(
        executable=executable,
        words=tuple(words),
        folder=str(Path.cwd()),
        schedules=tuple(path if celery_app(path) else str(Path(path).absolute()) for path in settings.schedule)
        or (str(Path("beatd.toml").absolute()),),
        apps=settings.app if settings.origins["app"] == "command line" else (),
        user=name,
        settings=_given_settings(settings),
    )
    units = {"beatd.service": scheduler_unit(place), "beatd-worker@.service": worker_unit(place)}
    for file, text in units.items():
        if output is None:
            click.echo(f"# --- {file}")
            click.echo(text)
        else:
            _write(output / file, text)
    if output is not None:
        click.echo(
            "next: copy them to /etc/systemd/system, then systemctl daemon-reload && systemctl enable --now beatd"
        )


def _given_settings(settings: Settings) -> tuple[tuple[str, str], ...]:
    values = (
        ("broker", settings.broker),
        ("namespace", settings.namespace),
        ("app_dir", str(Path(settings.app_dir).absolute())),
    )
    return tuple(
        (f"--{key.replace('_', '-')}", value) for key, value in values if settings.origins[key] == "command line"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise BeatdError(f"{path}: cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}")


def _command() -> list[str]:
    """Return the command that runs this installation: the script beside this Python, else the one that was called."""
    beside = Path(sys.executable).with_name("beatd")
    if beside.exists():
        return [str(beside)]
    found = shutil.which("beatd")
    return [found] if found else [sys.executable, "-m", "beatd"]
