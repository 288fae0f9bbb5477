"""URLs to drivers: what the broker and the state of a namespace are kept in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beatd.brokerports import Keeper, Limits, Outcomes, Pauses, QueueAdmin, Receiver, Sender
from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.ports import Backfills, Clock, Definitions, History, Leases, Past, Records, Repairs

if TYPE_CHECKING:
    from beatd.rediskit.layout import Layout
    from beatd.rediskit.server import Server
    from beatd.sqlkit.database import Database

CLOCK = SystemClock()
CALL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The broker's ports, over one connection of this process."""

    sender: Sender
    receiver: Receiver
    keeper: Keeper
    limits: Limits
    pauses: Pauses
    admin: QueueAdmin
    outcomes: Outcomes
    close: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state store's ports, over one connection of this process; ``clock``: the one that its users agree on."""

    records: Records
    definitions: Definitions
    leases: Leases
    history: History
    clock: Clock
    past: Past
    backfills: Backfills
    repairs: Repairs
    close: Callable[[], None]


def open_broker(
    settings: Settings, *, create: bool = True, clock: Clock | None = None, database: "Database | None" = None
) -> Broker:
    """Return the broker; it connects on first use. ``create`` false: a database that is not there is an error.

    ``clock``: one to use in place of the store's, for tests.
    ``database``: one to share with the state store, as ``memory://`` must.
    """
    if database is None and is_redis(settings.broker):
        return _redis_broker(settings, _server(settings), clock)
    from beatd.brokers.sql import SqlLimits, SqlPauses, SqlQueueAdmin, SqlReceiver, SqlSender
    from beatd.results.sql import SqlOutcomes
    from beatd.sqlkit.database import open_database

    database, namespace = database or open_database(settings.broker, create=create), settings.namespace
    clock = clock or database.clock(CLOCK)
    receiver = SqlReceiver(database, namespace, clock, max_deliveries=settings.max_deliveries)
    return Broker(
        sender=SqlSender(database, namespace, clock, history=settings.history),
        receiver=receiver,
        keeper=receiver,
        limits=SqlLimits(database, namespace, clock),
        pauses=SqlPauses(database, namespace),
        admin=SqlQueueAdmin(database, namespace, clock),
        outcomes=SqlOutcomes(database, namespace, clock),
        close=database.close,
    )


def open_for_calls(settings: Settings) -> Broker:
    """Return the broker for callers, whose code waits: no lock and no answer is waited for longer than 2 s."""
    if is_redis(settings.broker):
        return _redis_broker(settings, _server(settings, seconds=CALL_SECONDS), None)
    from beatd.sqlkit.database import open_database

    return open_broker(settings, database=open_database(settings.broker, busy_seconds=CALL_SECONDS))


def open_state(
    settings: Settings, *, create: bool = True, clock: Clock | None = None, database: "Database | None" = None
) -> State:
    """Return the state store; it connects on first use. ``create`` and ``database`` as for ``open_broker``."""
    if database is None and is_redis(settings.broker):
        return _redis_state(settings, _server(settings), clock)
    from beatd.sqlkit.database import open_database
    from beatd.stores import sql

    database, namespace = database or open_database(settings.broker, create=create), settings.namespace
    clock = clock or database.clock(CLOCK)
    return State(
        clock=clock,
        records=sql.SqlRecords(database, namespace, clock, history=settings.history),
        definitions=sql.SqlDefinitions(database, namespace, clock),
        leases=sql.SqlLeases(database, namespace, clock),
        history=sql.SqlHistory(database, namespace, clock),
        past=sql.SqlPast(database, namespace, clock),
        backfills=sql.SqlBackfills(database, namespace, clock, history=settings.history),
        repairs=sql.SqlRepairs(database, namespace, clock),
        close=database.close,
    )


def is_redis(url: str) -> bool:
    """Return whether a URL names a Redis server, whatever the layout of its messages."""
    return url.startswith(("redis://", "rediss://", "celery+redis://", "celery+rediss://"))


def is_celerys(url: str) -> bool:
    """Return whether a URL names queues that Celery's workers and clients share."""
    return url.startswith("celery+")


def celery_consumes(settings: Settings) -> bool:
    """Return whether Celery's workers may take what is sent: they report neither themselves nor what they ran."""
    return settings.consumers == "celery" or is_celerys(settings.broker)


def _server(settings: Settings, *, seconds: float | None = None) -> "Server":
    from beatd.rediskit.server import ANSWER_SECONDS, CONNECT_SECONDS, Server

    return Server(
        settings.broker,
        settings.namespace,
        CLOCK,
        layout=_layout(settings),
        connect_seconds=seconds or CONNECT_SECONDS,
        answer_seconds=seconds or ANSWER_SECONDS,
    )


def _layout(settings: Settings) -> "Layout":
    from beatd.rediskit.kombu import kombu_layout
    from beatd.rediskit.layout import OWN

    return kombu_layout(settings.broker, settings.result_expires) if is_celerys(settings.broker) else OWN


def _outcomes(server: "Server") -> Outcomes:
    from beatd.rediskit.kombu import KombuLayout
    from beatd.results.celery import CeleryOutcomes
    from beatd.results.redis import RedisOutcomes

    layout = server.layout
    return CeleryOutcomes(server, layout.results) if isinstance(layout, KombuLayout) else RedisOutcomes(server)


def _redis_broker(settings: Settings, server: "Server", clock: Clock | None) -> Broker:
    from beatd.brokers.redis import RedisLimits, RedisPauses, RedisQueueAdmin, RedisReceiver, RedisSender

    now = clock or server.clock
    receiver = RedisReceiver(
        server, now, max_deliveries=settings.max_deliveries, result_expires=settings.result_expires
    )
    return Broker(
        sender=RedisSender(server, now, history=settings.history),
        receiver=receiver,
        keeper=receiver,
        limits=RedisLimits(server, now),
        pauses=RedisPauses(server),
        admin=RedisQueueAdmin(server, now),
        outcomes=_outcomes(server),
        close=server.close,
    )


def _redis_state(settings: Settings, server: "Server", clock: Clock | None) -> State:
    from beatd.stores import redis

    now = clock or server.clock
    return State(
        clock=now,
        records=redis.RedisRecords(server, now, settings.history, most=settings.history_max),
        definitions=redis.RedisDefinitions(server, now),
        leases=redis.RedisLeases(server, now),
        history=redis.RedisHistory(server, now),
        past=redis.RedisPast(server, now),
        backfills=redis.RedisBackfills(server, now, settings.history, most=settings.history_max),
        repairs=redis.RedisRepairs(server, now),
        close=server.close,
    )


def sees_finish(settings: Settings, state: State) -> bool:
    """Return whether the state learns when a message has ended."""
    # Workers of Celery report nothing back, whatever the store could be told.
    return state.records.sees_finish and settings.consumers == "beatd"
