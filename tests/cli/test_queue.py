"""Queues: their sizes, pauses, and what is said to a slip."""

from types import SimpleNamespace

import pytest

from beatd.cli.operate.queue import purge_most
from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.wiring import open_broker
from tests.cli.conftest import run_in


@pytest.fixture
def folder(tmp_path):
    broker = open_broker(Settings(broker=f"sqlite:///{tmp_path}/beatd.db"))
    broker.sender.send_many([build_message(id=each, task="t", queue="mails") for each in "ab"])
    yield tmp_path
    broker.close()


def test_sizes_and_pauses_are_told_to_people_and_to_scripts(folder) -> None:
    paused = run_in(folder, "queue", "pause", "mails", "--note", "the relay is down")
    assert (paused.code, paused.err) == (0, "")
    assert paused.out == "paused queue mails; `beatd queue resume mails` ends it\n"
    table = run_in(folder, "queue", "sizes").out.splitlines()
    assert table[0].split() == ["QUEUE", "READY", "DELAYED", "CLAIMED", "DEAD", "PAUSED"]
    assert table[1].split()[:6] == ["mails", "2", "0", "0", "0", "by"]
    assert table[1].endswith(": the relay is down")
    (line,) = run_in(folder, "queue", "sizes", "--json").lines
    assert (line["queue"], line["ready"], line["paused"]["note"]) == ("mails", 2, "the relay is down")
    assert line["paused"]["at"].endswith("Z")
    again = run_in(folder, "queue", "pause", "mails", "--json").lines
    assert (again[0]["note"], again[0]["known"]) == ("the relay is down", True)


def test_status_says_who_paused_a_queue_when_and_why(folder) -> None:
    run_in(folder, "queue", "pause", "mails", "--note", "the relay is down")
    status = run_in(folder, "status")
    assert "paused: queue mails by " in status.out
    assert ": the relay is down\n" in status.out
    (told,) = run_in(folder, "status", "--json").lines
    assert told["paused_queues"]["mails"]["note"] == "the relay is down"


def test_a_queue_that_nobody_has_heard_of_is_paused_and_the_nearest_name_told(folder) -> None:
    done = run_in(folder, "queue", "pause", "mials")
    assert done.code == 0
    assert done.err == (
        "note: no message is in queue 'mials' and no worker takes from it; it is paused all the same; "
        "did you mean 'mails'?\n"
    )
    assert [line["queue"] for line in run_in(folder, "queue", "sizes", "--json").lines] == ["mails", "mials"]


def test_the_end_of_a_pause_that_is_none_is_an_error_with_the_nearest_name(folder) -> None:
    run_in(folder, "queue", "pause", "mails")
    wrong = run_in(folder, "queue", "resume", "mials")
    assert wrong.code == 1
    assert "queue 'mials' is not paused, these are: mails; did you mean 'mails'?" in wrong.err
    assert run_in(folder, "queue", "resume", "mails").out == "resumed queue mails\n"
    assert "queue 'mails' is not paused, none is" in run_in(folder, "queue", "resume", "mails").err


def test_a_queue_is_purged_without_a_question_only_where_that_is_said(folder) -> None:
    asked = run_in(folder, "queue", "purge", "mails")
    assert asked.code == 2
    assert "say --yes where nobody can be asked" in asked.err
    assert run_in(folder, "queue", "sizes", "--json").lines[0]["ready"] == 2
    done = run_in(folder, "queue", "purge", "mails", "--yes")
    assert (done.code, done.out, done.err) == (0, "purged 2 messages of queue mails\n", "")
    told = run_in(folder, "result", "a", "--json").lines[0]
    assert told["state"] == "REVOKED"
    assert told["reason"].startswith("purged by ")
    again = run_in(folder, "queue", "purge", "mials", "--json")
    assert (again.code, again.lines) == (0, [{"queue": "mials", "purged": 0}])
    assert again.err.startswith("note: nobody knows a queue 'mials'")


def test_a_purge_ends_though_others_send_faster() -> None:
    never_empty = SimpleNamespace(limits=SimpleNamespace(purge=lambda *_, **given: given["limit"]))
    assert purge_most(never_empty, "mails", 1200) == 1200


def test_a_name_that_no_queue_can_have_is_refused(folder) -> None:
    done = run_in(folder, "queue", "pause", "")
    assert done.code == 2
    assert "NAME" in done.err


@pytest.mark.parametrize(
    ("queues", "told"),
    [
        ("a:0", "'a:0': a weight is a whole number from 1 to 1000, or `first`; a queue of that very name is 'a:0:1'"),
        ("a:x", "'a:x': a weight is a whole number"),
        ("a:-1", "'a:-1': a weight is a whole number"),
        ("a:5,a:1", "'a' is named twice; give it one weight"),
    ],
)
def test_a_wrong_order_of_queues_is_refused_in_words(tmp_path, queues, told) -> None:
    done = run_in(tmp_path, "worker", "-Q", queues)
    assert done.code == 2
    assert f"command line: --queues: {told}" in done.err
