"""beatd as its users set it up: ``beatd worker -A benchmarks.worker.beatd_side``; it may be given another broker."""

import time

from beatd import App
from benchmarks.peer_redis import RUN, URL
from benchmarks.worker.marks import mark

NAMESPACE = f"bench-worker-{RUN}"

app = App("bench", broker=URL, namespace=NAMESPACE)


@app.task(name="worker.noop")
def noop() -> None:
    """Do nothing."""


@app.task(name="worker.nap", ignore_result=True)
def nap(seconds: float, label: str = "") -> None:
    """Say that it begins, then sleep."""
    mark(label)
    time.sleep(seconds)
