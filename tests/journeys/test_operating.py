"""What an operator does after a time without a scheduler, on each kind of store, and after its state was lost."""

import json
import time

import pytest

pytestmark = pytest.mark.slow

FILE = """
[beatd]
late_after = "2s"
history = "{history}"
{broker}
[schedules.second]
schedule = "every 1s"
misfire = "skip"
task = "t"
[schedules.always]
schedule = "every 1s"
misfire = "all"
task = "t"
"""


def told(desk, *words: str, code: int = 0) -> list[dict]:
    ended = desk.beatd(*words, "--json")
    assert ended.returncode == code, ended
    return [json.loads(line) for line in ended.stdout.splitlines()]


def set_up(desk, broker: str | None, history: str) -> None:
    desk.write("beatd.toml", FILE.format(history=history, broker=f'broker = "{broker}"' if broker else ""))
    (desk.folder / "state").mkdir()
    desk.env["STATE_DIRECTORY"] = str(desk.folder / "state")


@pytest.mark.parametrize("history", ["all", "exceptions"])
def test_what_was_missed_is_told_backfilled_and_told_again(desk, until, broker, history) -> None:
    set_up(desk, broker, history)
    run = desk.start("run", "--no-worker")
    run.says("fired")
    run.stop()
    time.sleep(4)
    run = desk.start("run", "--no-worker")
    until(lambda: desk.runs("--state", "missed"), within=30)
    run.stop()
    missed = desk.runs("--state", "missed")
    count = sum(each["count"] for each in missed)
    assert {each["entry"] for each in missed} == {"second"}
    before = {each["entry"]: each for each in told(desk, "audit", "--since", "1h")}
    assert before["second"]["disposed"] == {"missed": count}
    assert (before["always"]["disposed"], before["always"]["emitted"] > 4) == ({}, True)
    (some,) = told(desk, "backfill", "second", "--from", "1h", "--limit", "1")
    (rest,) = told(desk, "backfill", "second", "--from", "1h")
    assert (some["emitted"], rest["emitted"]) == (1, count - 1)
    after = {each["entry"]: each for each in told(desk, "audit", "--since", "1h")}
    assert after["second"]["disposed"] == {"backfilled": count}
    assert all((each["missing"], each["extra"]) == (0, 0) for each in after.values())
    (forwarded,) = told(desk, "forward", "--to", "now", "--reason", "moved")
    assert forwarded["entries"] == 2
    assert {each["reason"] for each in desk.runs("--state", "forwarded")} == {"moved"}
    told(desk, "audit", "--since", "1h")


def test_a_state_that_was_lost_fires_nothing_until_it_is_said_how_to_go_on(desk, until, broker) -> None:
    set_up(desk, broker, "all")
    run = desk.start("run", "--no-worker")
    run.says("fired")
    assert run.stop() == 0
    desk.write("beatd.toml", (desk.folder / "beatd.toml").read_text().replace("[beatd]", '[beatd]\nnamespace = "n2"'))
    kept = desk.folder / "state" / "beatd.installation"
    kept.rename(kept.with_name("n2.installation"))
    refused = desk.beatd("run", "--no-worker")
    assert refused.returncode == 1
    assert "beatd state init --from now|TIME" in refused.stderr
    assert told(desk, "state", "status", code=1)[0]["problems"]
    told(desk, "state", "init", "--from", "now")
    run = desk.start("run", "--no-worker")
    run.says("fired")
    until(lambda: desk.beatd("status", "--check").stdout.count("problem:") == 1)
    assert run.stop() == 0
