"""The state store on a Redis server: its four ports."""

from beatd.stores.redisdefinitions import RedisDefinitions
from beatd.stores.redishistory import RedisHistory
from beatd.stores.redisleases import RedisLeases
from beatd.stores.redisrecords import RedisRecords

__all__ = ["RedisDefinitions", "RedisHistory", "RedisLeases", "RedisRecords"]
