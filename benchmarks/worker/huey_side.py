"""Huey as its users set it up: ``huey_consumer benchmarks.worker.huey_side.huey``. It has no acknowledgements.

What its worker was running when it died is gone.
"""

import time

from huey import RedisHuey

from benchmarks.peer_redis import RUN, URL
from benchmarks.worker.marks import mark

huey = RedisHuey(f"beatdbench{RUN}", url=URL, results=False)


@huey.task()
def noop() -> None:
    """Do nothing."""


@huey.task()
def nap(seconds: float, label: str = "") -> None:
    """Say that it begins, then sleep."""
    mark(label)
    time.sleep(seconds)
