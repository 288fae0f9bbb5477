"""The broker on a Redis server: its ports."""

from beatd.brokers.redisadmin import RedisQueueAdmin
from beatd.brokers.redislimits import RedisLimits
from beatd.brokers.redispauses import RedisPauses
from beatd.brokers.redisreceiver import RedisReceiver
from beatd.brokers.redissender import RedisSender

__all__ = ["RedisLimits", "RedisPauses", "RedisQueueAdmin", "RedisReceiver", "RedisSender"]
