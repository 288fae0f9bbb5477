"""A user's day with a Redis server: run, look, pause, trigger, call."""

import json

SCHEDULE = """
[beatd]
broker = "redis://127.0.0.1:{port}"
namespace = "shop"
app = ["tasks"]
history = "all"

[schedules.hello]
schedule = "every 1s"
task = "hello"

[schedules.later]
schedule = "0 8 * * *"
task = "hello"
args = ["later"]
"""
TASKS = """
from beatd import task

@task(name="hello")
def hello(whom="world"):
    return f"hello {whom}"
"""


def _json(desk, *words):
    done = desk.beatd(*words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_day_with_redis(desk, until, redis_server):
    desk.write("beatd.toml", SCHEDULE.format(port=redis_server.port))
    desk.write("tasks.py", TASKS)
    run = desk.start("run", "--workers", "1")
    run.says("message=ready")
    until(lambda: len(desk.ended("hello")) >= 2)
    assert desk.beatd("status", "--check").returncode == 0
    assert [entry["name"] for entry in _json(desk, "list")] == ["hello", "later"]
    assert _json(desk, "show", "later")[0]["schedule"] == "0 8 * * *"
    assert len(_json(desk, "next", "--count", "3")) == 3

    (sent,) = _json(desk, "trigger", "later")
    until(lambda: desk.ended("later") == ["success"])
    assert _json(desk, "result", sent["message_id"])[0]["result"] == "hello later"
    assert _json(desk, "call", "hello", "you", "--wait")[0]["result"] == "hello you"

    assert desk.beatd("pause", "hello", "--note", "räumen").returncode == 0
    assert _json(desk, "show", "hello")[0]["state"] == "paused"
    until(lambda: "paused" in [each["state"] for each in desk.runs("--entry", "hello")])
    assert desk.beatd("resume", "hello").returncode == 0
    fired = len(desk.ended("hello"))
    until(lambda: len(desk.ended("hello")) > fired)
    assert run.stop() == 0
    done = desk.runs("--entry", "hello")
    assert len({each["message_id"] for each in done if each["message_id"]}) == len(
        [each for each in done if each["message_id"]]
    )
    assert desk.beatd("status", "--check").returncode == 1


def test_a_server_that_is_not_there_is_said_by_its_url(desk):
    for words in (["list"], ["runs"], ["status"], ["trigger", "x"], ["result", "x"]):
        done = desk.beatd(*words, "--broker", "redis://ana:s3cret@127.0.0.1:1/0")
        assert done.returncode == 1
        assert done.stderr.startswith("error: redis://ana:***@127.0.0.1:1/0 is not available: ")
        assert done.stderr.count("\n") == 1


def test_what_only_reads_leaves_nothing_on_the_server(desk, redis_server):
    for words in (["list"], ["runs"], ["status"], ["next"]):
        desk.beatd(*words, "--broker", redis_server.url)
    assert redis_server.open().command("DBSIZE") == 0
