"""``beatd db``."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click

from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.config.urls import named_tables
from beatd.core.urls import masked
from beatd.errors import StoreError
from beatd.sqlkit import migrate
from beatd.sqlkit.database import Database, open_database
from beatd.wiring.drivers import is_redis


@click.group("db", epilog=examples("beatd db backup /backup/beatd.db", "beatd db check", "beatd db upgrade"))
def command() -> None:
    """Look after the database."""


def _urls(settings: Settings) -> list[str]:
    """Return the SQL databases that the settings name: of the broker, and of entries. Raises StoreError for none."""
    named = [settings.broker, *named_tables(settings.schedule)]
    urls = [url for url in dict.fromkeys(named) if not is_redis(url)]
    if not urls:
        raise StoreError(_no_tables(settings))
    return urls


def _no_tables(settings: Settings) -> str:
    return (
        f"{masked(settings.broker)} has no tables: there is nothing to upgrade or to check, and its own means "
        "(appendonly, `redis-cli --rdb`) make backups; `beatd db` is for SQL databases"
    )


@contextmanager
def _opened(settings: Settings, *, create: bool) -> Iterator[list[Database]]:
    """Open each database once, whatever URLs it has."""
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(open_database(url, create=create))) for url in _urls(settings)]
        yield list({database.place: database for database in reversed(opened)}.values())[::-1]


@command.command("upgrade")
@click.option("--sql", "as_sql", is_flag=True, help="Print the SQL instead of running it; nothing is changed.")
@with_settings
@json_option
def upgrade(settings: Settings, *, as_sql: bool, as_json: bool) -> None:
    """Bring the tables up to date; makes the database where there is none.

    That of the broker, and those that --schedule names.
    """
    with _opened(settings, create=not as_sql) as databases:
        for database in databases:
            if as_sql:
                _print_script(database, as_json=as_json)
            else:
                _upgrade(database, as_json=as_json)


def _upgrade(database: Database, *, as_json: bool) -> None:
    done = migrate.upgrade(database)
    where, version = database.place, migrate.current(database)
    if as_json:
        json_line({"database": where, "schema": version, "changed": done})
    else:
        click.echo(f"{where}: {'brought to' if done else 'is already at'} schema {version}")


def _print_script(database: Database, *, as_json: bool) -> None:
    text = migrate.script(database)
    if as_json:
        json_line({"database": database.place, "schema": migrate.head(), "sql": text})
    else:
        click.echo(f"-- {database.place}: {f'to schema {migrate.head()}' if text else 'nothing to do'}\n{text}")


@command.command("check")
@with_settings
@json_option
def check(settings: Settings, *, as_json: bool) -> None:
    """Look for damage, and for a schema of another version, wherever `upgrade` would."""
    with _opened(settings, create=False) as databases:
        sound = [_check(database, as_json=as_json) for database in databases]
    sys.exit(0 if all(sound) else 1)


def _check(database: Database, *, as_json: bool) -> bool:
    wrong, where = migrate.check(database), database.place
    if as_json:
        json_line({"database": where, "ok": not wrong, "problems": wrong})
    else:
        for line in wrong:
            click.echo(f"problem: {line}")
        click.echo(f"{where}: {'damaged or of another version' if wrong else 'sound'}")
    return not wrong


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@with_settings
@json_option
def backup(settings: Settings, target: Path, *, as_json: bool) -> None:
    """Copy the broker's database to the new file TARGET, consistent even while it is in use."""
    if is_redis(settings.broker):
        raise StoreError(_no_tables(settings))
    with closing(open_database(settings.broker, create=False)) as database:
        migrate.backup(database, target)
        where = database.place
    if as_json:
        json_line({"database": where, "backup": str(target), "bytes": target.stat().st_size})
    else:
        click.echo(f"{where}: copied to {target}")
