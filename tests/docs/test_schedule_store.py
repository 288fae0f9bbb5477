"""docs/schedule-store.md: what it shows is what happens."""

import re
import shlex
from pathlib import Path

import pytest

from beatd import ScheduleStore
from tests.cli.in_process import Beatd

TEXT = (Path(__file__).parents[2] / "docs" / "schedule-store.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_each_program_runs(number, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    body = blocks("python")[number]
    code = compile(body, "docs/schedule-store.md", "exec")
    if "requires Django's settings" in body:
        return  # what it shows is tried in tests/app/test_schedule_store_connection.py
    # Classes of an ORM want a module to belong to.
    exec(code, {"__name__": "docs_schedule_store"})
    if "error.differs" in body:
        assert capsys.readouterr().out == blocks("text")[0]
    if "create_report" in body:
        assert ScheduleStore("sqlite:///shop.db").get("report-1").args == [1]


def test_each_command_prints_what_is_shown(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (session,) = blocks("console")
    for command in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        line, _, output = command.partition("\n")
        said = Beatd(capsys, monkeypatch)(*shlex.split(line)[1:])
        assert said.out + said.err == output
