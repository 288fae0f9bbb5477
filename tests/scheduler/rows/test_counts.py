"""How many rows ``beatd status`` says that a table has, whatever is edited while it is read."""

import pytest

from beatd.scheduler.tables import reader
from beatd.stores.rows.source import SqlRows
from tests.scheduler.rows.client import drop_triggers

ADD = "INSERT INTO beatd_schedules (name, task, schedule) VALUES ('{}', 't', 'every 10s')"


def told(scheduler) -> tuple[int, int]:
    """Return how many rows there are, and how many of them cannot be used."""
    (table,) = scheduler._status()["tables"]
    return table["rows"], table["quarantined"]


@pytest.mark.parametrize(
    ("edit", "rows"),
    [pytest.param(ADD.format("b"), 2, id="made"), pytest.param("DELETE FROM beatd_schedules", 0, id="removed")],
)
def test_a_row_that_is_edited_while_all_are_compared_is_counted_once(stage, sql, monkeypatch, edit, rows) -> None:
    edits, compared = [edit], SqlRows.prints

    def prints(self, after, limit):
        if edits:
            sql(edits.pop())
        return compared(self, after, limit)

    sql.add("a")
    scheduler = stage.scheduler()
    monkeypatch.setattr(SqlRows, "prints", prints)
    stage.tick(scheduler, 12)
    assert (edits, told(scheduler)) == ([], (rows, 0))


@pytest.mark.parametrize(
    ("edit", "rows"),
    [
        pytest.param(ADD.format("a1"), 4, id="made"),
        pytest.param(ADD.format("a1") + ", ('a2', 't', 'every 10s'), ('c1', 't', 'every 10s')", 6, id="several made"),
        pytest.param("DELETE FROM beatd_schedules WHERE name < 'b'", 2, id="removed"),
        pytest.param("DELETE FROM beatd_schedules WHERE name >= 'b'", 1, id="removed before they were read"),
    ],
)
def test_rows_that_are_edited_during_the_first_reading_are_counted(stage, sql, monkeypatch, edit, rows) -> None:
    edits, read = [edit], SqlRows.page

    def page(self, after, limit):
        if after >= "b" and edits:
            sql(edits.pop())
        return read(self, after, limit)

    for name in "abc":
        sql.add(name)
    monkeypatch.setattr(reader, "PAGE", 1)
    monkeypatch.setattr(SqlRows, "page", page)
    scheduler = stage.scheduler()
    # Before all are compared.
    stage.tick(scheduler, 0.5)
    assert (edits, told(scheduler)) == ([], (rows, 0))


def test_a_row_that_was_removed_before_the_start_is_not_counted(stage, sql) -> None:
    sql.add("a")
    sql.add("b")
    sql("DELETE FROM beatd_schedules WHERE name = 'a'")
    scheduler = stage.scheduler()
    stage.tick(scheduler)
    assert told(scheduler) == (1, 0)


def test_a_row_whose_name_no_entry_can_have_is_counted_from_the_start_until_it_is_gone(stage, sql) -> None:
    sql.add("a")
    sql.add("x" * 300)
    scheduler = stage.scheduler()
    stage.tick(scheduler)
    assert told(scheduler) == (2, 1)
    stage.tick(scheduler, 70)
    assert told(scheduler) == (2, 1)
    sql("DELETE FROM beatd_schedules WHERE name <> 'a'")
    stage.tick(scheduler, 2)
    assert told(scheduler) == (1, 0)


def test_a_row_under_a_name_of_the_set_that_vanished_behind_the_triggers_is_forgotten(stage, sql) -> None:
    stage.write(a="schedule = 'every 10s'")
    scheduler = stage.scheduler()
    sql.add("a")
    stage.tick(scheduler, 2)
    assert told(scheduler) == (1, 1)
    drop_triggers(sql)
    sql("DELETE FROM beatd_schedules")
    sql("DELETE FROM beatd_changes")
    stage.tick(scheduler, 130)
    assert told(scheduler) == (0, 0)
    assert stage.emitted("a")[-1] == 130
