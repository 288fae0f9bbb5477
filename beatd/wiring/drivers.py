"""URLs to drivers: what the broker and the state of a namespace are kept in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.ports import (
    Clock,
    Definitions,
    History,
    Leases,
    Limits,
    Outcomes,
    QueueAdmin,
    Receiver,
    Records,
    Sender,
)

if TYPE_CHECKING:
    from beatd.sqlkit.database import Database

CLOCK = SystemClock()
CALL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The broker's ports, over one connection of this process."""

    sender: Sender
    receiver: Receiver
    limits: Limits
    admin: QueueAdmin
    outcomes: Outcomes
    close: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state store's ports, over one connection of this process."""

    records: Records
    definitions: Definitions
    leases: Leases
    history: History
    close: Callable[[], None]


def open_broker(
    settings: Settings, *, create: bool = True, clock: Clock = CLOCK, database: "Database | None" = None
) -> Broker:
    """Return the broker; it connects on first use. ``create`` false: a database that is not there is an error.

    ``database``: one to share with the state store, as ``memory://`` must.
    """
    from beatd.brokers.sql import SqlLimits, SqlQueueAdmin, SqlReceiver, SqlSender
    from beatd.results.sql import SqlOutcomes
    from beatd.sqlkit.database import Database

    database, namespace = database or Database(settings.broker, create=create), settings.namespace
    return Broker(
        sender=SqlSender(database, namespace, clock, history=settings.history),
        receiver=SqlReceiver(database, namespace, clock, max_deliveries=settings.max_deliveries),
        limits=SqlLimits(database, namespace, clock),
        admin=SqlQueueAdmin(database, namespace, clock),
        outcomes=SqlOutcomes(database, namespace, clock),
        close=database.close,
    )


def open_for_calls(settings: Settings) -> Broker:
    """Return the broker for callers, whose code waits: another process's lock is waited for no longer than 2 s."""
    from beatd.sqlkit.database import Database

    return open_broker(settings, database=Database(settings.broker, busy_seconds=CALL_SECONDS))


def open_state(
    settings: Settings, *, create: bool = True, clock: Clock = CLOCK, database: "Database | None" = None
) -> State:
    """Return the state store; it connects on first use. ``create`` and ``database`` as for ``open_broker``."""
    from beatd.sqlkit.database import Database
    from beatd.stores.sql import SqlDefinitions, SqlHistory, SqlLeases, SqlRecords

    database, namespace = database or Database(settings.broker, create=create), settings.namespace
    return State(
        records=SqlRecords(database, namespace, clock, history=settings.history),
        definitions=SqlDefinitions(database, namespace, clock),
        leases=SqlLeases(database, namespace, clock),
        history=SqlHistory(database, namespace, clock),
        close=database.close,
    )
