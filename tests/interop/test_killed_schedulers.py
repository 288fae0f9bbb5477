"""Schedulers that are killed while they push into kombu's lists: each fire is there once.

The judge reads the lists and the records' cursors itself and shares no code with the engine.
"""

import json
import os
import random
import signal
import threading
from collections import defaultdict
from datetime import datetime

import pytest
import redis

from tests.journeys.conftest import until

EACH_MS = {"fast": 50, "odd": 70, "slow": 400}
KILLS = 4
FILE = '[beatd]\nlate_after = "1h"\n[defaults]\ntask = "t"\nmisfire = "all"\n' + "".join(
    f'[schedules.{name}]\nschedule = "every {each}ms"\npriority = {each % 10}\n' for name, each in EACH_MS.items()
)


def _fires(client: redis.Redis) -> dict[str, list[int]]:
    """Return each entry's emitted fire times in milliseconds, sorted."""
    found = defaultdict(list)
    for key in client.scan_iter("celery*", _type="LIST"):
        for text in client.lrange(key, 0, -1):
            headers = json.loads(text)["headers"]
            moment = datetime.fromisoformat(headers["beatd_fire_time"])
            found[headers["beatd_entry"]].append(round(moment.timestamp() * 1000))
    return {name: sorted(moments) for name, moments in found.items()}


@pytest.mark.slow
def test_each_fire_is_in_the_lists_once_whoever_is_killed(project) -> None:
    project.write("beatd.toml", FILE)
    dice = random.Random(7)
    with redis.Redis.from_url(project.url) as client:
        running = [project.start("run", "--no-worker", *project.broker) for _ in range(2)]
        until(lambda: len(_fires(client)) == len(EACH_MS), why=running[0].said)
        for _ in range(KILLS):
            threading.Event().wait(dice.uniform(0.3, 1.5))
            victim = running.pop(dice.randrange(2))
            os.killpg(victim.pid, signal.SIGKILL)
            victim.process.wait(10)
            running.append(project.start("run", "--no-worker", *project.broker))
        count = len(_fires(client)["slow"])
        until(lambda: len(_fires(client).get("slow", ())) > count + 20, within=40, why=running[-1].said)
        assert [each.stop() for each in running] == [0, 0]
        for name, moments in _fires(client).items():
            cursor = int(client.hget("{beatd:beatd}:records", name).split(b" ")[3]) // 1000
            assert moments == list(range(moments[0], cursor + 1, EACH_MS[name]))
