"""What takes kombu's envelopes off their lists, on which the verdict over `celery+redis` rests."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator

import pytest
import redis

from tests.faults.recorder import KombuQueue, record
from tests.servers.redis import PrivateRedis

FIRE = "2026-01-01T00:00:00.100000Z"
FIRE_US = 1_767_225_600_100_000


@pytest.fixture
def client(redis_server: PrivateRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as made:
        yield made


@pytest.fixture
def queue(redis_server: PrivateRedis) -> KombuQueue:
    return KombuQueue(f"celery+{redis_server.url}")


def _envelope(id_: str, edit: int = 0) -> str:
    body = b64encode(json.dumps([[edit], {}, {}]).encode()).decode()
    return json.dumps({"body": body, "headers": {"id": id_, "beatd_entry": "e", "beatd_fire_time": FIRE}})


def _ids(queue: KombuQueue) -> list[str]:
    return [each.id for each in queue.look()]


def test_an_envelope_that_lies_there_twice_is_written_down_twice(redis_server, client, tmp_path):
    client.lpush("celery", _envelope("a", 7), _envelope("a", 7))
    client.lpush("celery\x06\x166", _envelope("b"))
    stopping = threading.Event()
    stopping.set()
    record(f"celery+{redis_server.url}", tmp_path / "traces.txt", stopping)
    lines = [line.split("\t")[1:] for line in (tmp_path / "traces.txt").read_text().splitlines()]
    assert lines == [["a", str(FIRE_US), "e", "7"]] * 2 + [["b", str(FIRE_US), "e", "0"]]
    assert not client.keys("celery*")


def test_what_comes_between_a_look_and_the_removal_stays(queue, client):
    client.lpush("celery", _envelope("a"), _envelope("b"))
    seen = queue.look()
    client.lpush("celery", _envelope("c"))
    queue.remove([each.key for each in seen])
    assert _ids(queue) == ["c"]


def test_a_removal_that_is_carried_out_again_later_removes_nothing_more(queue, client):
    client.lpush("celery", _envelope("a"))
    keys = [each.key for each in queue.look()]
    client.lpush("celery", _envelope("b"))
    queue.remove(keys)
    queue.remove(keys)
    (left,) = queue.look()
    assert left.id == "b"
    assert left.key not in keys


def test_a_server_without_memory_loses_nothing_in_a_removal(queue, client):
    client.lpush("celery", _envelope("a"))
    keys = [each.key for each in queue.look()]
    client.config_set("maxmemory", "1")
    with pytest.raises(redis.RedisError):
        queue.remove(keys)
    client.config_set("maxmemory", "0")
    assert _ids(queue) == ["a"]
