"""beatd's side of a server whose queues kombu reads too, and what kombu puts there."""

import json

from kombu import Connection, Producer

from beatd.brokers.redis import RedisQueueAdmin, RedisReceiver, RedisSender
from beatd.clock import SystemClock
from beatd.core.message import Message
from beatd.rediskit.kombu import kombu_layout
from beatd.rediskit.server import Server
from beatd.results.celery import CeleryOutcomes

SECOND = 1_000_000
DAY = 86_400 * SECOND
SEP = "\x06\x16"


class Side:
    """beatd's side of a server: ``options`` are the URL's."""

    def __init__(self, url: str, options: str = "") -> None:
        full = f"celery+{url}{options}"
        self.server = Server(full, "tests", SystemClock(), layout=kombu_layout(full, DAY))
        self.clock = self.server.clock
        self.sender = RedisSender(self.server, self.clock)
        self.receiver = RedisReceiver(self.server, self.clock)
        self.admin = RedisQueueAdmin(self.server, self.clock)
        self.outcomes = CeleryOutcomes(self.server, self.server.layout.results)

    def send(self, name: str, **fields: object) -> None:
        given = {"task": "t", "queue": "celery", "headers": {}, "body": b"[[],{},{}]"}
        self.sender.send(Message(**{"id": name, **given, **fields}))

    def take(self, limit: int = 10, *queues: str):
        return self.receiver.claim(queues or ["celery"], owner="w", limit=limit, lease=30 * SECOND)

    def ids(self, limit: int = 10, *queues: str) -> list[str]:
        return [delivery.message.id for delivery in self.take(limit, *queues)]

    def push(self, *envelopes: object, queue: str = "celery") -> None:
        """Push as any client may."""
        texts = [each if isinstance(each, str | bytes) else json.dumps(each) for each in envelopes]
        self.server.command("LPUSH", queue, *texts)

    def listed(self, name: str = "celery") -> list[bytes]:
        """Return what lies in a list, the next one first."""
        return self.server.command("LRANGE", name, 0, -1)[::-1]


def envelope(name: str = "m", **headers: object) -> dict:
    return {
        "body": "W1tdLHt9LHt9XQ==",
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"id": name, "task": "t", **headers},
        "properties": {"body_encoding": "base64", "priority": 0, "delivery_tag": "x"},
    }


def publish(kombu: Connection, name: str, **fields: object) -> None:
    headers = {"id": name, "task": "t", **fields.pop("headers", {})}
    Producer(kombu.default_channel).publish(
        [[1], {}, {}], routing_key="celery", exchange="", headers=headers, serializer="json", **fields
    )
