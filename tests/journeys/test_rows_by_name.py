"""A row of a table by its name, on the command line, wherever the broker is."""

import json

import pytest

from tests.rows import world
from tests.servers.postgresql import postgres_schema

HOUR = 3600
_SLOW = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=_SLOW), pytest.param("redis", marks=_SLOW)])
def rows(request, desk, tmp_path):
    """A table in the broker's own database; for a broker on Redis, in PostgreSQL."""
    desk.env["BEATD_HISTORY"] = "all"
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/beatd.db"
        with world(url, url) as made:
            desk.env["BEATD_BROKER"] = url
            yield made
        return
    with postgres_schema() as url:
        broker = url if request.param == "postgresql" else request.getfixturevalue("redis_server").url
        desk.env["BEATD_BROKER"] = broker
        if broker != url:
            desk.env["BEATD_SCHEDULE"] = url
        with world(broker, url) as made:
            yield made


def told(desk, *words):
    ended = desk.beatd(*words, "--json")
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def failed(desk, *words):
    ended = desk.beatd(*words)
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_row_is_looked_at_held_back_and_made_good_by_its_name(desk, rows):
    rows.insert("nightly", schedule="every 1m", misfire="skip", task="shop.add", args="[1]")
    (shown,) = told(desk, "show", "nightly")
    assert (shown["state"], shown["task"], shown["runs"], shown["args"]) == ("ok", "shop.add", 0, [1])
    assert [fire["entry"] for fire in told(desk, "next", "--entry", "nightly", "--count", "2")] == ["nightly"] * 2

    rows.backdate(HOUR)
    desk.beatd("pause", "nightly", "--note", "the tape is full")
    (shown,) = told(desk, "show", "nightly")
    assert (shown["state"], shown["pause"]["note"]) == ("paused", "the tape is full")
    assert "is paused" in failed(desk, "next", "--entry", "nightly")
    desk.beatd("resume", "nightly")
    assert "is not paused" in failed(desk, "resume", "nightly")
    (held,) = desk.runs("--entry", "nightly")
    assert held["state"] == "paused"
    assert 59 <= held["count"] <= 61

    (triggered,) = told(desk, "trigger", "nightly")
    assert triggered["message_id"] in {run["message_id"] for run in desk.runs("--entry", "nightly")}

    (done,) = told(desk, "backfill", "nightly", "--from", "2h", "--to", "now")
    assert done["emitted"] == held["count"]
    (account, *_) = told(desk, "audit", "--since", "2h", "--entry", "nightly")
    assert (account["missing"], account["extra"], account["unjudged"]) == (0, 0, 0)
    assert account["disposed"]["backfilled"] == held["count"]


def test_an_edit_by_sql_is_what_the_commands_tell_of_next(desk, rows):
    rows.insert("nightly", schedule="every 1m")
    rows.backdate(HOUR)
    rows.fire()
    rows.sql("UPDATE beatd_schedules SET schedule = '0 0 * * *', timezone = 'Mars/Olympus' WHERE name = 'nightly'")
    rows.fire()
    (shown,) = told(desk, "show", "nightly")
    assert shown["state"] == "quarantined"
    assert "Mars/Olympus" in shown["error"]
    assert "Mars/Olympus" in failed(desk, "trigger", "nightly")
    assert "Mars/Olympus" in failed(desk, "next", "--entry", "nightly")
    assert "Mars/Olympus" in desk.runs("--entry", "nightly", "--only", "quarantined")[0]["reason"]
    rows.sql("UPDATE beatd_schedules SET timezone = 'Europe/Rome' WHERE name = 'nightly'")
    rows.fire()
    (shown,) = told(desk, "show", "nightly")
    assert (shown["state"], shown["timezone"]) == ("ok", "Europe/Rome")
    # A minute may have begun before the first edit.
    assert shown["runs"] in {1, 2}
    rows.sql("DELETE FROM beatd_schedules")
    assert "no entry named 'nightly'" in failed(desk, "show", "nightly")


def test_what_rows_owe_is_forwarded_after_the_store_went_back(desk, rows):
    for name in ("a", "b"):
        rows.insert(name, schedule="every 1m")
    rows.backdate(HOUR)
    with rows.state() as state:
        state.definitions.mark_rolled_back(state.clock.now())
    (done,) = told(desk, "forward", "--to", "now", "--reason", "restored")
    assert (done["entries"], done["left"], done["mark_cleared"]) == (2, [], True)
    assert 118 <= done["fires"] <= 122
    assert all(each["missing"] == each["extra"] == 0 for each in told(desk, "audit", "--since", "2h"))


def test_a_state_begun_anew_owes_what_rows_name_from_then_on(desk, rows):
    rows.insert("a", schedule="every 1m", misfire="skip")
    rows.backdate(HOUR)
    assert desk.beatd("state", "init", "--from", "10m", "--yes").returncode == 0
    rows.fire()
    (missed,) = desk.runs("--entry", "a")
    assert missed["state"] == "missed"
    assert 9 <= missed["count"] <= 11


@pytest.mark.parametrize("words", [("show",), ("pause",), ("resume",), ("trigger",), ("next", "--entry")])
def test_a_mistyped_name_is_told_with_the_nearest(desk, rows, words):
    rows.insert("nightly")
    said = failed(desk, *words, "nigthly")
    assert "'nigthly'" in said
    assert "did you mean 'nightly'?" in said


def test_a_table_that_cannot_be_reached_is_told_without_its_password(desk, rows):
    desk.env["BEATD_SCHEDULE"] = "postgresql://ana:s3cret@127.0.0.1:1/none"
    said = failed(desk, "show", "elsewhere")
    assert "127.0.0.1:1" in said
    assert "s3cret" not in said


def test_a_row_is_held_back_while_a_scheduler_fires_it(desk, rows, until):
    rows.insert("often", schedule="every 1s", misfire="skip")
    run = desk.start("run", "--no-worker", "--schedule", rows.table)
    until(lambda: desk.runs("--entry", "often", "--state", "emitted"), within=40, why=run.said)
    assert desk.beatd("pause", "often").returncode == 0
    (shown,) = told(desk, "show", "often")
    assert shown["state"] == "paused"
    rows.sql("UPDATE beatd_schedules SET schedule = 'every 2s'")
    until(lambda: told(desk, "show", "often")[0]["schedule"] == "every 2s", within=40, why=run.said)
    assert desk.beatd("resume", "often").returncode == 0
    before = len(desk.runs("--entry", "often", "--state", "emitted"))
    until(lambda: len(desk.runs("--entry", "often", "--state", "emitted")) > before, within=40, why=run.said)
    assert run.stop() == 0
    (account,) = told(desk, "audit", "--since", "1h")[:1]
    assert (account["missing"], account["extra"], account["unjudged"]) == (0, 0, 0)
