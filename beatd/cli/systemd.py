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
from beatd.config.urls import is_file
from beatd.core.urls import masked
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
        schedules=() if any(map(_has_password, settings.schedule)) else _sources(settings),
        apps=settings.app if settings.origins["app"] == "command line" else (),
        user=name,
        settings=_given_settings(settings),
    )
    _say_left_out(settings)
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
        (f"--{key.replace('_', '-')}", value)
        for key, value in values
        if settings.origins[key] == "command line" and not _has_password(value)
    )


def _sources(settings: Settings) -> tuple[str, ...]:
    given = settings.schedule or ("beatd.toml",)
    return tuple(str(Path(source).absolute()) if is_file(source) else source for source in given)


def _has_password(url: str) -> bool:
    return masked(url) != url


def _say_left_out(settings: Settings) -> None:
    """Say where URLs with a password belong: units, and command lines, are read by everybody."""
    left_out = {"schedule": _sources(settings), "broker": (settings.broker,)}
    for key, urls in left_out.items():
        # What another file says is found there by the service, too.
        is_ours = settings.origins[key] == "command line" or settings.origins[key].startswith("BEATD_")
        if is_ours and any(map(_has_password, urls)):
            told = f"BEATD_{key.upper()}={','.join(map(masked, urls))}"
            click.echo(f"left out because of the password; write into /etc/default/beatd, mode 0600: {told}", err=True)


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
