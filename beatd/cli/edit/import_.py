"""``beatd import``: entries of other schedulers, and of files."""

import os
import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, BinaryIO

import click

from beatd.app.importing.imported import Found
from beatd.cli.edit.host_zone import host_zone
from beatd.cli.edit.taking_over import refuse_nothing, take_over
from beatd.cli.options import also, app_dir_option, config_option, examples, given, json_option, namespace_option
from beatd.config.load import load_settings
from beatd.config.settings import Settings
from beatd.core.field_values import FieldError, zone
from beatd.core.urls import masked
from beatd.errors import BeatdError

Read = Callable[..., tuple[str, Found]]
_STDIN = "standard input"


class _Sources(click.Group):
    """The kinds of sources by name; any other word is the path of a TOML file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command for a kind, or the one for TOML files with the path still among its arguments."""
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "toml", self.commands["toml"], args


@click.group(
    "import",
    cls=_Sources,
    subcommand_metavar="crontab|celery|django-celery-beat|FILE.toml [ARGS]...",
    epilog=examples(
        "beatd import crontab /etc/crontab --to beatd.toml",
        "crontab -l | beatd import crontab - --dry-run",
        "beatd import celery proj.app --to postgresql://beatd@db/beatd",
        "beatd import django-celery-beat postgresql://shop@db/shop --to schedules.toml",
        "beatd import schedules.toml --to sqlite:///beatd.db",
    ),
)
def command() -> None:
    """Take over entries from a crontab, Celery, django-celery-beat or a TOML file.

    Tells what it could not carry over, and why. Doing so again changes nothing. Exit 1 where something could not be
    read; the rest is taken over.
    """


def _zone(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else zone("timezone", value)
    except FieldError as error:
        raise click.BadParameter(error.reason, context, parameter) from None


_timezone = click.option(
    "--timezone", metavar="ZONE", callback=_zone, help="Zone of crontabs that name none; not given: as said above."
)
_TARGET = (
    click.option("--to", metavar="DEST", help="TOML file, made if it is missing, or the URL of a database."),
    click.option("--dry-run", is_flag=True, help="Say what would be done, and print the entries as TOML."),
    click.option("--prefix", metavar="TEXT", default="", help="Begin every name with this."),
    json_option,
    namespace_option,
    config_option,
)


def _importing(read: Read) -> Callable[..., None]:
    """Make a command of a function that reads: it gets the settings first, and its find is taken over."""

    def run(*, to: str | None, dry_run: bool, prefix: str, as_json: bool, **options: Any) -> None:
        if to is None and not dry_run and not options.get("allow_shell"):
            raise click.UsageError("say where to: --to beatd.toml, or --to postgresql://...; or look with --dry-run")
        settings = _settings()
        place, found = read(settings, **options)
        found = found.prefixed(prefix) if prefix else found
        refuse_nothing(found, place)
        sys.exit(take_over(settings, found, to=to, dry_run=dry_run, as_json=as_json))

    return also(_TARGET)(update_wrapper(run, read))


def _settings() -> Settings:
    options = dict(given(click.get_current_context()))
    return load_settings(options, config_path=options.pop("config", None), environ=os.environ)


@command.command("crontab", epilog=examples("beatd import crontab /etc/cron.d/backup --to beatd.toml"))
@click.argument("file", type=click.File("rb"))
@click.option("--system/--user", "system", default=None, help="Whether a user stands before each command.")
@_timezone
@click.option("--allow-shell", is_flag=True, help="Print the setting that lets the worker run the commands, no more.")
@_importing
def _crontab(
    _: Settings, *, file: BinaryIO, system: bool | None, timezone: str | None, allow_shell: bool
) -> tuple[str, Found]:
    """Take over the commands of a crontab, of a user or of the system.

    FILE is the file, or - for standard input. --system is what /etc/crontab and /etc/cron.d have. Without --timezone
    the lines are read in this host's zone. The commands run by beatd.shell, which runs what allow_shell allows.
    """
    from beatd.app.importing.allow_shell import allow_shell_text
    from beatd.app.importing.crontab import LARGEST, read_crontab

    place = _STDIN if file.name == "<stdin>" else os.path.abspath(file.name)  # noqa: PTH100  as it is named, links too
    try:
        content = file.read(LARGEST + 1)
    except OSError as error:
        raise BeatdError(f"{place}: cannot be read: {error.strerror}") from None
    found = read_crontab(content, place, system=system, timezone=timezone or host_zone())
    if allow_shell:
        refuse_nothing(found, place)
        click.echo(allow_shell_text(found))
        sys.exit(0)
    return place, found


@command.command("celery", epilog=examples("beatd import celery proj.app --to beatd.toml"))
@click.argument("app", metavar="MODULE[:ATTR]")
@app_dir_option
@_importing
def _celery(settings: Settings, *, app: str) -> tuple[str, Found]:
    """Take over the beat_schedule of a Celery project.

    MODULE is what `celery -A` takes. The project is imported in a process of its own. To have beatd read it each time
    instead, name celery:MODULE as a source: `beatd run --schedule celery:proj.app`.
    """
    from beatd.app.celery.reading import read_celery
    from beatd.app.importing.celery import read_beat_schedule
    from beatd.config.urls import check_celery_app

    target = app.removeprefix("celery:")
    try:
        check_celery_app("MODULE", target)
    except FieldError as error:
        raise click.UsageError(str(error)) from None
    return f"celery:{target}", read_beat_schedule(read_celery(settings, target))


@command.command(
    "django-celery-beat",
    epilog=examples("beatd import django-celery-beat sqlite:///db.sqlite3 --naive Europe/Berlin --to beatd.toml"),
)
@click.argument("url")
@_timezone
@click.option(
    "--naive", metavar="ZONE", callback=_zone, default="UTC", show_default=True, help="Zone of moments without one."
)
@click.option(
    "--no-tz-aware",
    is_flag=True,
    help="DJANGO_CELERY_BEAT_TZ_AWARE is False: crontabs go by --timezone, whatever their rows say.",
)
@click.option(
    "--priorities",
    type=click.Choice(["redis", "rabbitmq"]),
    default="redis",
    show_default=True,
    help="What Celery's broker is: on Redis priority 0 comes first.",
)
@_importing
def _django_celery_beat(
    _: Settings, *, url: str, timezone: str | None, no_tz_aware: bool, naive: str, priorities: str
) -> tuple[str, Found]:
    """Take over the periodic tasks of django-celery-beat from Django's database.

    URL is sqlite:///db.sqlite3 or postgresql://USER@HOST/NAME; nothing is written there. --timezone is the project's
    CELERY_TIMEZONE, for old tables without a column for it; UTC if not given. --naive is the project's TIME_ZONE where
    USE_TZ is False on SQLite.
    """
    from beatd.app.importing.django_celery_beat import read_django_celery_beat
    from beatd.app.importing.django_schedules import Settings as Told
    from beatd.clock import SystemClock
    from beatd.config.urls import usable_url
    from beatd.stores.django_celery_beat import read_tables

    try:
        usable = usable_url("URL", url, os.environ)
    except FieldError as error:
        raise click.UsageError(str(error)) from None
    now = SystemClock().now()
    if no_tz_aware and timezone is None:
        raise click.UsageError("--no-tz-aware needs --timezone ZONE: the project's CELERY_TIMEZONE")
    told = Told(
        timezone=timezone or "UTC",
        rows_have_zones=not no_tz_aware,
        naive=naive,
        zero_is_first=priorities == "redis",
        now=now,
    )
    return masked(url), read_django_celery_beat(read_tables(usable), told)


@command.command("toml", hidden=True, epilog=examples("beatd import schedules.toml --to sqlite:///beatd.db"))
@click.argument("path", metavar="FILE.toml")
@_importing
def _toml(settings: Settings, *, path: str) -> tuple[str, Found]:
    """Take over the entries of a TOML file, or of a folder of them."""
    from beatd.app.importing.toml import read_toml_entries

    return path, read_toml_entries(path, timezone=settings.timezone)
