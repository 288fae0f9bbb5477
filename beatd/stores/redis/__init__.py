"""The state store on a Redis server: its four ports."""

from beatd.stores.redis.definitions import RedisDefinitions
from beatd.stores.redis.history import RedisHistory
from beatd.stores.redis.leases import RedisLeases
from beatd.stores.redis.records import RedisRecords

__all__ = ["RedisDefinitions", "RedisHistory", "RedisLeases", "RedisRecords"]
