"""docs/migrating.md: its examples are what beatd prints, and its commands are there."""

import re
from pathlib import Path

import click
import pytest

import beatd
from beatd.cli.commands import COMMANDS
from tests.cli.in_process import Beatd

TEXT = (Path(beatd.__file__).parent.parent / "docs" / "migrating.md").read_text()


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Beatd(capsys, monkeypatch)


def test_the_crontab_is_imported_as_it_is_shown(run, tmp_path):
    (crontab,) = re.findall(r"```\n(# crontab\.txt\n.*?)```", TEXT, re.DOTALL)
    ((command, shown),) = re.findall(r"```console\n\$ beatd (import crontab.*?)\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "crontab.txt").write_text(crontab)
    assert run(command).out == shown.replace("/srv/", f"{tmp_path}/")


def test_every_command_that_is_shown_is_one_of_beatds():
    lines = re.findall(r"^ {4,}(?:\S.*\| )?beatd (\w+)", TEXT, re.MULTILINE)
    assert len(lines) > 12
    assert set(lines) <= set(COMMANDS)


def test_every_option_that_is_shown_is_one_of_its_command():
    from beatd.cli.edit.import_ import command

    for kind, rest in re.findall(r"beatd import (crontab|celery|django-celery-beat) ([^`\n]*)", TEXT):
        known = {name for option in command.commands[kind].params for name in option.opts + option.secondary_opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known, (kind, rest)
    assert isinstance(command, click.Group)
