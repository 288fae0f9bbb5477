"""The thread in which a table is read: it outlives every error, and can be made to rest while the process forks."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from beatd.errors import BeatdError
from beatd.ports import Clock
from beatd.processes.backoff import Backoff
from beatd.processes.repeated import Repeated
from beatd.scheduler.tables.reader import Reader

SECOND = 1_000_000
LOOK = 0.25
"""How many seconds a hint is waited for at a time: as long may what the scheduler asks for lie there."""

SHORTEST = 0.02
"""How many seconds lie between two looks at the least, however often it is hinted at changes."""

REST = 10.0

_log = logging.getLogger("beatd.scheduler")


class ReaderThread:
    """Runs one reader until it is stopped. ``close`` ends the connection of the thread that calls it."""

    def __init__(self, reader: Reader, close: Callable[[], None], clock: Clock) -> None:
        self._reader = reader
        self._close = close
        self._trouble = Repeated(_log, clock, reader.name)
        self._backoff = Backoff(most=5 * SECOND)
        self._stop, self._rest, self._rests, self._go_on = Event(), Event(), Event(), Event()
        self._thread = Thread(target=self._run, name="beatd-reader", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; a thread that still waits for its server ends with the process."""
        self._stop.set()
        self._go_on.set()
        self._reader.exchange.hurry.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let the thread do nothing, its connection closed, so that a child process inherits none of it."""
        self._go_on.clear()
        self._rest.set()
        if self._thread.is_alive():
            self._rests.wait(REST)
        try:
            yield
        finally:
            self._rest.clear()
            self._go_on.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._rest.is_set():
                self._close()
                self._rests.set()
                self._go_on.wait()
                self._rests.clear()
                continue
            self._turn()
        self._close()

    def _turn(self) -> None:
        try:
            worked = self._reader.step()
        except Exception as error:  # noqa: BLE001  a thread that ends would leave the table unread without a word
            if not isinstance(error, BeatdError) and not self._trouble.lasting:
                _log.exception("a mistake of beatd's own", extra={"action": "mistake"})
            self._trouble.failed(error)
            self._reader.exchange.trouble = str(error)
            self._reader.exchange.hurry.wait(self._backoff.failed() / SECOND)
            self._reader.exchange.hurry.clear()
            return
        if self._trouble.lasting:
            self._reader.reconnected()
        self._trouble.recovered()
        self._reader.exchange.trouble = None
        self._backoff.recovered()
        if not worked:
            self._wait()

    def _wait(self) -> None:
        exchange = self._reader.exchange
        if exchange.is_full:
            exchange.has_room.wait(LOOK)
        elif self._reader.wait(LOOK):
            self._reader.hasten()
            self._stop.wait(SHORTEST)
