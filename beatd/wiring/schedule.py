"""The scheduler, put together and run in this process."""

import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar
from uuid import uuid4

from beatd.config.settings import Settings
from beatd.config.urls import celery_app, is_url
from beatd.core.entry import Draft
from beatd.ports import Clock, Source
from beatd.processes.signals import SignalInbox
from beatd.processes.watch import FileWatch
from beatd.scheduler.engine import Scheduler
from beatd.scheduler.housekeeping import Housekeeping
from beatd.scheduler.loop import SIGNALS, Loop, dump_stacks_on_usr1
from beatd.scheduler.sources import SourceSet
from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.terms import Ports, Terms
from beatd.stores.celery import CelerySource, Reading, likely_files
from beatd.stores.code import CodeSource
from beatd.stores.toml import TomlSource
from beatd.wiring.drivers import CLOCK, Broker, State, is_celerys, open_broker, open_state, sees_finish
from beatd.wiring.reading import OpenTables

ReadCode = Callable[[], list[Draft]]
ReadCelery = Callable[[str], Reading]
"""What ``celery:`` names → what that project declares."""

SWITCH_SECONDS = 0.001
"""After how long Python lets another thread run. A reader of SQLite lets go with every row, and waits that long for its
next turn while a herd is fired: with the usual 5 ms an edit would wait a second behind rows that are written back."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How this run of a scheduler differs from any other; ``installation``: the id of the state it began with."""

    installation: str | None = None
    strict: bool = False
    replace_set: bool = False
    catch_up: bool = False


def make_sources(settings: Settings, read_code: ReadCode | None, read_celery: ReadCelery | None = None) -> list[Source]:
    """Return the files, the Celery projects and the code that define entries; nothing is read yet."""
    named = [source for source in dict.fromkeys(settings.schedule) if not is_url(source)]
    sources = [_source(source, settings, read_celery) for source in named]
    if read_code is not None:
        sources.append(CodeSource(", ".join(settings.app) or "code", read_code))
    return sources


def _source(source: str, settings: Settings, read_celery: ReadCelery | None) -> Source:
    target = celery_app(source)
    if target is None or read_celery is None:
        return TomlSource(source, timezone=settings.timezone, queue=settings.queue)
    return CelerySource(source, partial(read_celery, target), files=likely_files(target, settings.app_dir))


def make_scheduler(  # noqa: PLR0913  all that it is put together from
    settings: Settings,
    state: State,
    broker: Broker,
    sources: Sequence[Source],
    *,
    manner: Manner,
    holder: str,
    clock: Clock | None = None,
    readers: Sequence[Reader] = (),
) -> Scheduler:
    """Return a scheduler over open stores; ``clock``: in place of the store's, for tests."""
    witness = None if clock is not None or state.clock is CLOCK else CLOCK
    return Scheduler(
        Ports(
            records=state.records,
            definitions=state.definitions,
            leases=state.leases,
            repairs=state.repairs,
            past=state.past,
            clock=clock or state.clock,
            witness=witness,
        ),
        SourceSet(
            sources,
            state.definitions,
            holder,
            replace=manner.replace_set,
            strict=manner.strict,
            sees_finish=sees_finish(settings, state),
        ),
        Terms(
            namespace=settings.namespace,
            late_after=settings.late_after,
            catch_up_rate=settings.catch_up_rate,
            max_clock_skew=settings.max_clock_skew,
            catch_up=manner.catch_up,
            installation=manner.installation,
            strict=manner.strict,
        ),
        holder=holder,
        readers=readers,
        housekeeping=Housekeeping(
            state.history,
            broker.outcomes,
            keep=settings.history_keep,
            most=settings.history_max,
            result_expires=settings.result_expires,
            give_back=broker.keeper.reap if is_celerys(settings.broker) else None,
        ),
    )


def new_holder() -> str:
    """Return the name under which a run of beatd holds its leases; a scheduler restarted within it keeps it."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def run_scheduler(
    settings: Settings,
    *,
    read_code: ReadCode | None,
    read_celery: ReadCelery | None = None,
    manner: Manner,
    holder: str,
    pulse: Callable[[], None],
) -> int:
    """Run a scheduler in this process until it is told to stop; return the exit code.

    ``pulse`` is called once it is ready, and with each tick.
    """
    with ExitStack() as stack:
        inbox = stack.enter_context(SignalInbox(SIGNALS))
        dump_stacks_on_usr1()
        state = stack.enter_context(closing(open_state(settings)))
        broker = stack.enter_context(closing(open_broker(settings)))
        tables = stack.enter_context(closing(OpenTables(settings, sees_finish=sees_finish(settings, state))))
        apart = partial(_unconnected, (state, broker), tables)
        sources = make_sources(settings, read_code and apart(read_code), read_celery and apart(read_celery))
        scheduler = make_scheduler(
            settings, state, broker, sources, manner=manner, holder=holder, readers=tables.readers
        )
        scheduler.start()
        if tables.readers:
            sys.setswitchinterval(SWITCH_SECONDS)
        tables.start()
        watch = stack.enter_context(closing(FileWatch([path for source in sources for path in source.paths()])))
        Loop(scheduler, inbox, [watch, tables.wake], CLOCK, pulse=pulse).run()
    return 0


def _unconnected(stores: Sequence[State | Broker], tables: OpenTables, read: Callable[P, R]) -> Callable[P, R]:
    """Close the connections before code is read in a process apart; they open again with their next use.

    A child that inherits an open SQLite connection, and whose code opens the same file, upsets the parent's locks.
    """

    def unconnected(*args: P.args, **kwargs: P.kwargs) -> R:
        for store in stores:
            store.close()
        with tables.resting():
            return read(*args, **kwargs)

    return unconnected
