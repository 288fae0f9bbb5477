"""What the editor writes down is what the tables and their log tell, whatever it did."""

import json
import random
import subprocess
from contextlib import closing, contextmanager

import pytest

from tests.faults.rows.deeds import DEEDS
from tests.faults.rows.editor import Editor
from tests.faults.rows.table import NAMESPACE, Table, microseconds
from tests.faults.site import BEATD
from tests.servers.places import connect_to
from tests.servers.postgresql import postgres_schema


@contextmanager
def made(driver, folder):
    if driver == "sqlite":
        url = f"sqlite:///{folder / 'beatd.db'}"
        subprocess.run([BEATD, "db", "upgrade", "--broker", url], check=True, capture_output=True)
        yield Table(url)
        return
    with postgres_schema() as url:
        subprocess.run([BEATD, "db", "upgrade", "--broker", url], check=True, capture_output=True)
        yield Table(url)


def logged(table):
    """Return every (name, generation, moment, schedule, edit) that the log and the table tell, and all removals."""
    found, gone = set(), set()
    with closing(connect_to(table.url)) as connection:
        told = "SELECT op, name, generation, changed_at, former_changed_at, former FROM beatd_changes"
        for op, name, generation, moment, former_moment, former in connection.execute(
            f"{told} WHERE kind = 'schedule' AND namespace = '{NAMESPACE}'"
        ):
            if former is not None:
                was = json.loads(former)
                found.add((name, generation, former_moment, was["schedule"], edit_in(was.get("args"))))
            if op == "delete":
                gone.add((name, generation, moment, None, None))
        told = "SELECT name, generation, changed_at, schedule, args FROM beatd_schedules"
        for name, generation, moment, schedule, args in connection.execute(f"{told} WHERE namespace = '{NAMESPACE}'"):
            found.add((name, generation, microseconds(moment), schedule, edit_in(args)))
    return found | gone


def edit_in(args):
    args = json.loads(args) if isinstance(args, str) else args
    return args[0] if isinstance(args, list) else None


@pytest.mark.parametrize("driver", ["sqlite", "postgresql"])
def test_the_diary_has_every_version_that_was_committed_and_no_other(driver, tmp_path):
    with made(driver, tmp_path) as table:
        editor = Editor(table, random.Random(1), patience=0.3)
        editor.fill([("every 1s", "latest"), ("every 1s offset 500ms", "all")])
        for kind in DEEDS:
            while kind not in editor.done and kind != "refused":
                editor.do(kind)
        while sum(editor.done.values()) < 60:
            editor.act()
        editor.finish()
        rows = {row for commit in editor.diary.commits for row in commit.rows}
        assert {(row.name, row.generation, row.moment, row.schedule, row.edit) for row in rows} == logged(table)
        assert editor.diary.problems == []
        for name, line in editor.diary.lines().items():
            moments = [version.moment for version in line]
            assert moments == sorted({*moments}), (name, line)


@pytest.mark.parametrize("driver", ["sqlite", "postgresql"])
def test_a_calendar_that_was_left_as_it_was_is_no_version(driver, tmp_path):
    with made(driver, tmp_path) as table:
        editor = Editor(table, random.Random(1))
        editor.fill([("every 1s", "latest")])
        days = {"to_calendars": True}
        editor.carry_out("UPDATE beatd_schedules SET exclude = 'calendar office' WHERE name = 'row-00'")
        editor.carry_out("DELETE FROM beatd_calendars", "INSERT INTO beatd_calendars (name) VALUES ('office')", **days)
        before = len(editor.diary.lines()["row-00"])
        editor.carry_out("DELETE FROM beatd_calendars", "DELETE FROM beatd_calendars", **days)
        moments = [version.moment for version in editor.diary.lines()["row-00"]]
        assert (moments, len(moments)) == (sorted({*moments}), before + 1)
