"""A table of entries, edited by another program while beatd runs."""

from contextlib import closing

import pytest
import redis

from tests.servers.places import connect_to
from tests.servers.postgresql import postgres_schema


def edit(url: str, statement: str) -> None:
    """Carry out one statement, committed, as any client does."""
    with closing(connect_to(url)) as connection:
        connection.execute(statement)
        connection.commit()


ADD = "INSERT INTO beatd_schedules (name, task, schedule) VALUES ('{name}', 'tasks.add', '{schedule}')"


@pytest.fixture
def rows(desk):
    """The URL of a database in the user's folder that has the tables."""
    url = f"sqlite:///{desk.folder}/rows.db"
    assert desk.beatd("db", "upgrade", "--broker", url).returncode == 0
    return url


def test_a_row_is_fired_as_soon_as_it_is_there_and_no_longer_than_it_is(desk, rows, until) -> None:
    started = desk.start("run", "--no-worker", "--schedule", rows, "--broker", "sqlite:///queue.db")
    started.says("holding the schedule", within=60)
    edit(rows, ADD.format(name="a", schedule="every 200ms"))
    started.says("action=fired entry=a", within=60)
    edit(rows, "UPDATE beatd_schedules SET enabled = 0 WHERE name = 'a'")
    started.says("entry changed: a", within=60)
    edit(rows, "DELETE FROM beatd_schedules")
    started.says("entry removed: a", within=60)
    fired = started.said().count("action=fired entry=a")
    edit(rows, ADD.format(name="b", schedule="every 200ms"))
    started.says("action=fired entry=b", within=60)
    assert started.said().count("action=fired entry=a") == fired
    until(lambda: "entries: 1 row in tables\n" in desk.beatd("status", "-b", "sqlite:///queue.db").stdout)
    listed = desk.beatd("list", "-b", "sqlite:///queue.db")
    assert listed.stdout == "the set is empty\n"
    assert listed.stderr == f"rows of {rows} are not shown: give --schedule with its URL\n"
    listed = desk.beatd("list", "-b", "sqlite:///queue.db", "--schedule", rows)
    assert (listed.stdout.count("tasks.add"), listed.stderr) == (1, "")
    assert started.stop() == 0


@pytest.mark.slow
def test_rows_of_one_server_are_fired_into_another(desk, redis_server, until) -> None:
    with postgres_schema() as url:
        assert desk.beatd("db", "upgrade", "--broker", url).returncode == 0
        edit(url, ADD.format(name="a", schedule="every 200ms"))
        started = desk.start("run", "--no-worker", "--schedule", url, "--broker", redis_server.url)
        started.says("action=fired entry=a", within=60)
        edit(url, "UPDATE beatd_schedules SET name = 'b'")
        started.says("action=fired entry=b", within=60)
        with closing(redis.from_url(redis_server.url)) as broker:
            assert any(b"tasks.add" in broker.dump(key) for key in broker.scan_iter())
        assert started.stop() == 0


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///nowhere.db", "no database at"),
        ("postgresql://nobody:secret@127.0.0.1:1/db", "postgresql://nobody:***@127.0.0.1:1/db"),
    ],
)
def test_a_table_that_cannot_be_read_is_told_at_start(desk, url, says) -> None:
    ended = desk.beatd("run", "--no-worker", "--schedule", url)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "secret" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_was_added_without_a_file_is_fired_without_one(desk) -> None:
    refused = desk.beatd("run", "--no-worker")
    assert refused.returncode == 1
    assert "there is no ./beatd.toml" in refused.stderr
    added = desk.beatd("add", "a", "--task", "tasks.add", "--schedule", "every 200ms")
    assert added.returncode == 0, added.stderr
    started = desk.start("run", "--no-worker")
    started.says("action=fired entry=a", within=60)
    assert started.stop() == 0
