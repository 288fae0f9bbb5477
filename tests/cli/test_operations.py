"""backfill, audit, forward and state: what an operator types, and what is said to a slip."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import run_in, running, wait_until

ENTRY = """
[beatd]
broker = "sqlite:///beatd.db"
[schedules.nightly]
schedule = "every 1s"
task = "t"
[schedules.weekly]
schedule = "0 8 * * mon"
task = "t"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Return a folder whose store has fired, with a range that was not emitted among the fires."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "beatd.toml").write_text(ENTRY)

    def fired():
        return len(run_in(folder, "runs", "--entry", "nightly", "--json").lines) > 5

    with running(folder, "run", "--no-worker"):
        wait_until(fired)
    # Three fires as if they had been late, with a policy that drops them.
    with closing(sqlite3.connect(folder / "beatd.db")) as connection, connection:
        rows = connection.execute(
            "SELECT first, message_id FROM beatd_fires WHERE entry = 'nightly' ORDER BY first LIMIT 4"
        ).fetchall()[1:]
        for moment, message_id in rows:
            connection.execute("DELETE FROM beatd_fires WHERE first = ? AND entry = 'nightly'", (moment,))
            connection.execute("DELETE FROM beatd_messages WHERE id = ?", (message_id,))
        connection.execute(
            "INSERT INTO beatd_fires (namespace, entry, generation, version, reason, first, last, count, written_at) "
            "VALUES ('beatd', 'nightly', 1, 1, 'missed', ?, ?, 3, 0)",
            (rows[0][0], rows[-1][0]),
        )
    return folder


def test_audit_backfill_and_audit_again(shop):
    found = run_in(shop, "audit", "--since", "1h", "--json")
    assert found.code == 0
    (nightly, weekly) = found.lines
    assert (nightly["entry"], nightly["disposed"], nightly["missing"], nightly["extra"]) == (
        "nightly",
        {"missed": 3},
        0,
        0,
    )
    assert weekly["expected"] == 0
    dry = run_in(shop, "backfill", "nightly", "--from", "1h", "--dry-run", "--json").json
    assert (dry["emitted"], dry["dry_run"]) == (3, True)
    assert "2 messages emitted" in run_in(shop, "backfill", "nightly", "--from", "1h", "--limit", "2").out
    done = run_in(shop, "backfill", "nightly", "--from", "1h", "--json").json
    assert (done["emitted"], done["finished"]) == (1, True)
    (nightly,) = run_in(shop, "audit", "--since", "1h", "--entry", "nightly", "--json").lines
    assert (nightly["disposed"], nightly["missing"], nightly["extra"]) == ({"backfilled": 3}, 0, 0)
    people = run_in(shop, "audit", "--since", "1h").out
    assert "3 backfilled" in people
    assert "0 missing, 0 extra" in people


def test_audit_exits_with_1_where_a_fire_is_missing(shop, tmp_path):
    run_in(shop, "db", "backup", str(tmp_path / "beatd.db"))
    with closing(sqlite3.connect(tmp_path / "beatd.db")) as connection, connection:
        connection.execute(
            "DELETE FROM beatd_fires WHERE id = (SELECT max(id) FROM beatd_fires WHERE reason='emitted')"
        )
    ended = run_in(tmp_path, "audit", "--since", "1h")
    assert ended.code == 1
    assert "nightly: 1 missing: " in ended.out
    assert run_in(tmp_path, "audit", "--since", "1h", "--json").lines[0]["missing"] == 1


def test_forward_settles_what_is_owed_with_the_reason(shop, tmp_path):
    run_in(shop, "db", "backup", str(tmp_path / "beatd.db"))
    dry = run_in(tmp_path, "forward", "--to", "now", "--reason", "moved", "--dry-run", "--json").json
    done = run_in(tmp_path, "forward", "--to", "now", "--reason", "moved", "--json").json
    assert done["fires"] >= dry["fires"] > 0
    (run,) = run_in(tmp_path, "runs", "--state", "forwarded", "--json").lines
    assert (run["reason"], run["entry"]) == ("moved", "nightly")
    assert "moved" in run_in(tmp_path, "runs", "--state", "forwarded").out
    assert run_in(tmp_path, "audit", "--since", "1h").code == 0


def test_state_is_shown_and_repaired(shop, tmp_path):
    run_in(shop, "db", "backup", str(tmp_path / "beatd.db"))
    env = {"STATE_DIRECTORY": str(tmp_path)}
    told = run_in(tmp_path, "state", "status", "--json", env=env)
    place = tmp_path / "beatd.installation"
    assert (told.code, told.json["known"], told.json["problems"]) == (0, {str(place): None}, [])
    place.write_text("another\n")
    told = run_in(tmp_path, "state", "status", env=env)
    assert told.code == 1
    assert f"problem: another state is known in {place}, another" in told.out
    (tmp_path / "beatd.toml").write_text(ENTRY)
    refused = run_in(tmp_path, "run", "--no-worker", env=env)
    assert refused.code == 1
    assert "beatd state init --from now|TIME" in refused.err
    made = run_in(tmp_path, "state", "init", "--from", "now", "--json", env=env).json
    told = run_in(tmp_path, "state", "status", "--json", env=env)
    assert (told.code, told.json["id"], told.json["known"]) == (0, made["id"], {str(place): made["id"]})
    ended = run_in(tmp_path, "state", "init", "--from", "now", env=env)
    assert (ended.code, "nothing to repair" in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("backfill nigthly --from 1h", 1, "no entry named 'nigthly'; did you mean 'nightly'?"),
        ("backfill weekly --from 1h", 0, "0 messages emitted"),
        ("backfill nightly", 2, "Missing option '--from'"),
        ("backfill nightly --from 1h --to 2h", 2, "--from must be before --to"),
        ("backfill nightly --from 2999-01-01", 2, "is in the future"),
        ("backfill nightly --from yesterday", 2, "'yesterday' is no moment"),
        ("backfill nightly --from 1h --again", 2, "give moments, not `now` or durations"),
        ("backfill nightly --from 1h --limit 0", 2, "--limit"),
        ("backfill nightly --from 1h --rate 0", 2, "--rate"),
        ("audit", 2, "Missing option '--since'"),
        ("audit --since 24", 0, "0 missing"),
        ("audit --since 1h --until 2h", 2, "--since must be before --until"),
        ("audit --since 1h --entry nigthly", 1, "did you mean 'nightly'?"),
        ("forward --to now", 2, "Missing option '--reason'"),
        ("forward --to 2999-01-01 --reason x", 2, "is in the future"),
        ("forward --to now --reason x --entry nigthly", 1, "did you mean 'nightly'?"),
        ("forward --to 2020-01-01 --reason x", 0, "0 fires of 0 entries forwarded"),
        ("state init", 2, "Missing option '--from'"),
        ("state init --from 2999-01-01", 2, "is in the future"),
        ("state status --namespace other", 1, "there is no state of namespace 'other'"),
        ("forward --to now --reason x --namespace other", 1, "there is no state of namespace 'other'"),
        ("audit --since 1h --namespace other", 1, "there is no state of namespace 'other'"),
        ("backfill nightly --from 1h --namespace other", 1, "no entry named 'nightly'"),
        ("runs --since yesterday", 2, "no duration ago such as 24h"),
        ("state repair", 2, "No such command 'repair'"),
    ],
)
def test_slips_are_told_with_the_remedy(shop, words, code, says):
    ended = run_in(shop, *words.split())
    assert (ended.code, says in ended.out + ended.err) == (code, True), ended


def test_a_reason_of_blanks_is_none(shop):
    ended = run_in(shop, "forward", "--to", "now", "--reason", "  ")
    assert (ended.code, "must not be empty" in ended.err) == (2, True)


@pytest.mark.parametrize(
    "words", ["backfill x --from 1h", "audit --since 1h", "forward --to now --reason x", "state status"]
)
def test_without_a_database_none_is_made(run, tmp_path, words):
    ended = run(*words.split())
    assert (ended.code, "no database at" in ended.err) == (1, True)
    assert not (tmp_path / "beatd.db").exists()


def test_json_is_one_object_for_each_entry(shop):
    lines = run_in(shop, "audit", "--since", "1h", "--json").out.splitlines()
    assert [json.loads(line)["entry"] for line in lines] == ["nightly", "weekly"]
