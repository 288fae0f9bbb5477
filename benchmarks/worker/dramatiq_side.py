"""Dramatiq as its users set it up: ``dramatiq benchmarks.worker.dramatiq_side``. It acknowledges late by itself."""

import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.peer_redis import PREFIX, URL
from benchmarks.worker.marks import mark

NAMESPACE = f"{PREFIX}dramatiq"

broker = RedisBroker(url=URL, namespace=NAMESPACE)
dramatiq.set_broker(broker)


@dramatiq.actor
def noop() -> None:
    """Do nothing."""


@dramatiq.actor
def nap(seconds: float, label: str = "") -> None:
    """Say that it begins, then sleep."""
    mark(label)
    time.sleep(seconds)
