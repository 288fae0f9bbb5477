"""The state store on a Redis server, a port in each module."""

from beatd.stores.redis.backfills import RedisBackfills
from beatd.stores.redis.definitions import RedisDefinitions
from beatd.stores.redis.history import RedisHistory
from beatd.stores.redis.leases import RedisLeases
from beatd.stores.redis.past import RedisPast
from beatd.stores.redis.records import RedisRecords
from beatd.stores.redis.repairs import RedisRepairs

__all__ = [
    "RedisBackfills",
    "RedisDefinitions",
    "RedisHistory",
    "RedisLeases",
    "RedisPast",
    "RedisRecords",
    "RedisRepairs",
]
