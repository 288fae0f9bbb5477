"""A worker of threads on every broker."""

import pytest

from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.core.states import State
from beatd.wiring.drivers import open_broker
from tests.servers.postgresql import postgres_schema
from tests.servers.redis import private_redis

TASKS = """
import threading
from beatd import task

eight = threading.Barrier(8)

@task
def meet():
    return eight.wait(20) >= 0

@task
async def meet_later():
    return eight.wait(20) >= 0

@task
def quick():
    pass
"""


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def broker(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/beatd.db"
    elif request.param == "postgresql":
        with postgres_schema() as url:
            yield url
    else:
        with private_redis(tmp_path) as start:
            yield start().url


def test_eight_tasks_run_at_a_time_and_many_one_after_the_other(desk, until, broker):
    desk.write("tasks.py", TASKS)
    worker = desk.start("worker", "-b", broker, "-A", "tasks", "-P", "threads", "-c", "8")
    worker.says("worker ready")
    opened = open_broker(Settings(broker=broker))
    names = ["meet"] * 8 + ["meet_later"] * 8 + ["quick"] * 200
    messages = [build_message(id=f"m{number}", task=f"tasks.{name}", args=()) for number, name in enumerate(names)]
    for message in messages:
        opened.sender.send(message)

    def ended():
        stored = [opened.outcomes.get(message.id) for message in messages]
        return all(each is not None and each.state is State.SUCCESS for each in stored)

    until(ended, within=30, why=worker.said)
    opened.close()
    assert worker.stop() == 0
    assert "stopped" in worker.said()
