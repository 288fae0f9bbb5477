"""README.md and docs: every command that is shown is there, with its options; the row of the README can be used."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import click
import pytest

from beatd.cli.commands import beatd
from beatd.sqlkit import migrate
from beatd.sqlkit.database import open_database
from beatd.stores.rows import SqlRows

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "deploy" / "systemd" / "README.md"]
SHOWN = re.compile(r"^(?: {4,}|\$ )(?:sudo )?(?:\S*/)?beatd ([a-z][^#|<>\n]*)", re.MULTILINE)
OPTION = re.compile(r"(?<=\s)--?[A-Za-z][\w-]*")


def command_of(words):
    """Return the command, or the one within a group, that words begin with."""
    command = beatd
    for word in words:
        found = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if found is None:
            break
        command = found
    assert command is not beatd, words[0]
    return command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_is_there_with_its_options(page):
    for line in SHOWN.findall(page.read_text()):
        command = command_of(line.split())
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        assert {*OPTION.findall(line)} <= known | {"--help"}, line


def test_enough_is_shown():
    assert sum(len(SHOWN.findall(page.read_text())) for page in PAGES) > 60


def test_the_row_of_the_readme_can_be_used(tmp_path):
    (statement,) = re.findall(r'sqlite3 beatd\.db "(.*?)"\n\n', (ROOT / "README.md").read_text(), re.DOTALL)
    database = open_database(f"sqlite:///{tmp_path}/beatd.db")
    migrate.upgrade(database)
    with closing(sqlite3.connect(tmp_path / "beatd.db")) as client:
        client.execute(statement.replace('\\"', '"'))
        client.commit()
    rows = SqlRows(database, "beatd", timezone="UTC", queue="celery", sees_finish=True)
    (version,) = rows.of(["row"]).versions
    assert version.error is None
    database.close()
