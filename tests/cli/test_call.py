import pytest


def test_call_sends_json_or_text_and_waits_for_the_outcome(beatd_in, serving):
    with serving("worker", "-c", "1", "-Q", "celery,other", "-P", "prefork", "-n", "test", "-l", "info"):
        added = beatd_in("call", "tasks.add", "2", "3", "--wait", "--json")
        joined = beatd_in("call", "tasks.add", "a", '"b"', "-q", "other", "--wait")
        named = beatd_in("call", "tasks.add", "-k", "x=[1]", "--kwarg", "y=[2]", "--wait", "--json")
        failed = beatd_in("call", "tasks.fail", "--wait")
    assert (added.code, added.json["state"], added.json["result"], added.json["task"]) == (0, "SUCCESS", 5, "tasks.add")
    assert 'result    "ab"' in joined.out
    assert named.json["result"] == [1, 2]
    assert failed.code == 1
    assert "state     FAILURE" in failed.out
    assert "ValueError: no such luck" in failed.out


def test_without_wait_the_id_is_told_and_result_tells_the_rest(beatd_in):
    sent = beatd_in("call", "tasks.add", "1", "2", "--queue", "idle", "--json").json
    assert (sent["task"], sent["queue"]) == ("tasks.add", "idle")
    waiting = beatd_in("result", sent["message_id"])
    assert waiting.out.splitlines()[0] == f"id     {sent['message_id']}"
    assert "state  PENDING" in waiting.out
    assert "`beatd result" in beatd_in("call", "tasks.add", "1", "2", "--queue", "idle").out


def test_waiting_ends(beatd_in):
    ended = beatd_in("call", "tasks.add", "1", "2", "--queue", "idle", "--wait", "--timeout", "0.2")
    assert ended.code == 1
    assert "within 0.2s (it is PENDING); is a worker running?" in ended.err


def test_an_id_that_nobody_knows_is_told(beatd_in):
    ended = beatd_in("result", "b2c6")
    assert (ended.code, ended.err) == (
        1,
        "error: nothing is known of 'b2c6'; `beatd runs --json` shows the ids of late\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["x", "[" * 50_000], ["x", "9" * 5000], [""], ["a\x1bb"], ["x" * 256], ["x", "-q", ""],
        ["x", "-k", "a=1", "-k", "a=2"],
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_wrong_usage(run, words):
    ended = run("call", *words)
    assert (ended.code, ended.out) == (2, "")
    assert "Error: Invalid value" in ended.err
