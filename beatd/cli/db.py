"""``beatd db``."""

import sys
from contextlib import closing
from pathlib import Path

import click

from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.core.urls import masked
from beatd.errors import StoreError
from beatd.sqlkit import migrate
from beatd.sqlkit.database import Database, open_database
from beatd.wiring.drivers import is_redis


@click.group("db", epilog=examples("beatd db backup /backup/beatd.db", "beatd db check", "beatd db upgrade"))
def command() -> None:
    """Look after the database."""


def _open(settings: Settings, *, create: bool) -> Database:
    if is_redis(settings.broker):
        raise StoreError(
            f"{masked(settings.broker)} has no tables: there is nothing to upgrade or to check, and its own means "
            "(appendonly, `redis-cli --rdb`) make backups; `beatd db` is for SQL databases"
        )
    return open_database(settings.broker, create=create)


@command.command("upgrade")
@with_settings
@json_option
def upgrade(settings: Settings, *, as_json: bool) -> None:
    """Bring the tables up to date; makes the database where there is none."""
    with closing(_open(settings, create=True)) as database:
        done = migrate.upgrade(database)
        where, version = database.place, migrate.current(database)
    if as_json:
        json_line({"database": where, "schema": version, "changed": done})
    else:
        click.echo(f"{where}: {'brought to' if done else 'is already at'} schema {version}")


@command.command("check")
@with_settings
@json_option
def check(settings: Settings, *, as_json: bool) -> None:
    """Look for damage, and for a schema of another version."""
    with closing(_open(settings, create=False)) as database:
        wrong = migrate.check(database)
        where = database.place
    if as_json:
        json_line({"database": where, "ok": not wrong, "problems": wrong})
    else:
        for line in wrong:
            click.echo(f"problem: {line}")
        click.echo(f"{where}: {'damaged or of another version' if wrong else 'sound'}")
    sys.exit(1 if wrong else 0)


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@with_settings
@json_option
def backup(settings: Settings, target: Path, *, as_json: bool) -> None:
    """Copy the database to the new file TARGET, consistent even while it is in use."""
    with closing(_open(settings, create=False)) as database:
        migrate.backup(database, target)
        where = database.place
    if as_json:
        json_line({"database": where, "backup": str(target), "bytes": target.stat().st_size})
    else:
        click.echo(f"{where}: copied to {target}")
