"""Several schedulers on one Redis server: killed, stopped past their lease, and their server emptied under them.

The judge reads the server's own keys and shares no code with the engine.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

BEATD = str(Path(sys.executable).parent / "beatd")
EACH_MS = {"fast": 100, "middle": 250, "slow": 1000, "odd": 700}
FILE = '[beatd]\nlate_after = "1h"\n[defaults]\ntask = "mark"\nmisfire = "all"\n' + "".join(
    f'[schedules.{name}]\nschedule = "every {each}ms"\n' for name, each in EACH_MS.items()
)


class Schedulers:
    """Processes of `beatd run --no-worker` in one folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        (folder / "beatd.toml").write_text(FILE)
        self.running: list[subprocess.Popen] = []

    def start(self) -> None:
        command = [BEATD, "run", "--no-worker", "--broker", self.url]
        with self.log.open("a") as log:
            self.running.append(
                subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
            )

    def tell(self, process: subprocess.Popen, signum: signal.Signals) -> None:
        os.killpg(process.pid, signum)

    def stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in self.running] == [0] * len(self.running), self.log.read_text()[-3000:]

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                self.tell(process, signal.SIGKILL)
                process.wait()

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


@pytest.fixture
def schedulers(tmp_path, redis_server):
    made = Schedulers(tmp_path, redis_server.url)
    yield made
    made.end()


def _fires(client) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {name: [] for name in EACH_MS}
    for value in client.hvals("{beatd:beatd}:messages"):
        *_, entry, fire_time = json.loads(value.split(b"\n")[0].split(b" ", 2)[2])
        found[entry].append(fire_time)
    return {name: sorted(moments) for name, moments in found.items()}


def _judge(client) -> list[str]:
    problems = []
    for name, moments in _fires(client).items():
        each = EACH_MS[name] * 1000
        _, _, _, cursor, _ = client.hget("{beatd:beatd}:records", name).split(b" ", 4)
        expected = list(range(moments[0], int(cursor) + 1, each))
        if moments != expected:
            extra = len(moments) - len(set(moments))
            problems.append(f"{name}: {len(expected)} expected, {len(moments)} there, {extra} twice")
    problems += [f"not emitted: {value!r}" for value in client.hvals("{beatd:beatd}:fires")]
    return problems


@pytest.mark.timeout(120)
def test_three_schedulers_that_are_killed_and_stopped_neither_lose_nor_double(schedulers, redis_server):
    seed = int(os.environ.get("ORACLE_SEED", random.SystemRandom().randrange(1 << 32)))
    dice, told = random.Random(seed), []
    for _ in range(3):
        schedulers.start()
    time.sleep(2)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        victim = dice.choice(schedulers.running)
        if dice.random() < 0.5:
            schedulers.tell(victim, signal.SIGKILL)
            victim.wait()
            schedulers.running.remove(victim)
            schedulers.start()
            told.append("killed")
        else:
            schedulers.tell(victim, signal.SIGSTOP)
            time.sleep(dice.choice((0.5, 3, 7)))
            schedulers.tell(victim, signal.SIGCONT)
            told.append("stopped")
        time.sleep(dice.uniform(0.3, 1.5))
    time.sleep(7)
    schedulers.stop()
    client = redis.Redis(port=redis_server.port)
    problems = _judge(client)
    total = sum(len(moments) for moments in _fires(client).values())
    newest = max(moments[-1] for moments in _fires(client).values())
    story = f"seed {seed}: {told}\n{problems}\n{schedulers.log.read_text()[-3000:]}"
    assert not problems, story
    assert total > 250, story
    assert time.time_ns() // 1000 - newest < 5_000_000, story
    client.close()


@pytest.mark.timeout(60)
def test_a_server_emptied_by_hand_is_told_and_nothing_fires_on_it(schedulers, redis_server):
    client = redis.Redis(port=redis_server.port)
    schedulers.start()
    deadline = time.monotonic() + 20
    while not client.hlen("{beatd:beatd}:messages"):
        assert time.monotonic() < deadline, schedulers.log.read_text()
        time.sleep(0.05)
    client.flushall()
    while "strange_store" not in schedulers.log.read_text():
        assert time.monotonic() < deadline, schedulers.log.read_text()
        time.sleep(0.05)
    time.sleep(2)
    assert client.hlen("{beatd:beatd}:messages") == 0
    assert "the store is another one than before: nothing is fired" in schedulers.log.read_text()
    client.close()
