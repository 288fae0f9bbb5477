"""One child without a supervisor, in the process of a test: nobody renews its leases, nor returns its messages."""

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.core.registry import RegisteredTask, Registry, TaskOptions
from beatd.core.states import FINAL
from beatd.sqlkit.database import open_database
from beatd.wiring.drivers import is_redis, open_broker, open_state
from beatd.worker.child import Child
from beatd.worker.slots import Ledger, Order, Slot, SlotBoard
from beatd.worker.spec import WorkerSpec

SECOND = 1_000_000


class OneChild:
    """Works on ``url``, and sends and looks past that by ``direct``; what it runs is written into a file.

    ``deeds``: what its next runs do, each the first that is left. ``lease``, and the ``patience`` to wait for a
    lock of a database, in seconds.
    """

    def __init__(self, folder: Path, url: str, direct: str, *, lease: float = 30, patience: float = 5) -> None:
        self._file = folder / "runs.txt"
        self._file.touch()
        self.clock = SystemClock()
        self.deeds: deque[Callable[[], Any]] = deque()
        state = open_state(Settings(broker=direct))
        state.definitions.install()
        state.close()
        self.direct = open_broker(Settings(broker=direct))
        database = None if is_redis(url) else open_database(url, busy_seconds=patience)
        self.broker = open_broker(Settings(broker=url), database=database)
        self.receiver: Any = self.broker.receiver
        self.owner = f"one/{uuid4().hex[:6]}"
        registry = Registry()
        options = TaskOptions(bind=True, retry_backoff=0.2, retry_jitter=False, autoretry_for=(ValueError,))
        registry.add(RegisteredTask("note", self._note, options))
        self._board = SlotBoard(1)
        self._spec = WorkerSpec(
            queues=("celery",),
            open_broker=lambda: self.broker,
            load_app=lambda: None,
            clock=self.clock,
            lease=round(lease * SECOND),
            registry=registry,
        )

    @property
    def runs(self) -> list[str]:
        """The ids of what was run, in that order; of forks of this process, too."""
        return self._file.read_text().splitlines()

    def send(self, id_: str, **fields: Any) -> None:
        self.direct.sender.send(build_message(id=id_, task="note", **fields))

    def has_ended(self, id_: str) -> bool:
        stored = self.direct.outcomes.get(id_)
        return stored is not None and stored.state in FINAL

    def state(self, id_: str) -> str:
        stored = self.direct.outcomes.get(id_)
        return "" if stored is None else stored.state.value

    def work(self, until: Callable[[], object], seconds: float = 20) -> None:
        """Work until something holds, and for so many seconds at most."""
        self._board.clear(0)
        watching = Thread(target=self._watch, args=(until, time.monotonic() + seconds))
        watching.start()
        try:
            broker = _With(self.broker, self.receiver)
            slot, ledger = Slot(self._board, 0), Ledger(self._board, 0)
            child = Child(self._spec, broker, slot, owner=self.owner, poke=lambda: None, ledger=ledger)
            assert child.run() == 0
        finally:
            self._board.order(0, Order.LEAVE)
            watching.join()
        assert until(), "it did not come"

    def work_off(self, *ids: str) -> None:
        """Work until these have ended."""
        self.work(lambda: all(map(self.has_ended, ids)))

    def close(self) -> None:
        self.broker.close()
        self.direct.close()

    def _watch(self, until: Callable[[], object], deadline: float) -> None:
        try:
            while self._board.ordered(0) is not Order.LEAVE and time.monotonic() < deadline and not until():
                time.sleep(0.02)
        finally:
            self._board.order(0, Order.LEAVE)
            self.direct.close()  # this thread's connection

    def _note(self, context: Any) -> None:
        fd = os.open(self._file, os.O_WRONLY | os.O_APPEND)
        os.write(fd, f"{context.request.id}\n".encode())
        os.close(fd)
        if self.deeds:
            self.deeds.popleft()()


class _With:
    """A broker with another receiver in the place of its own."""

    def __init__(self, broker: Any, receiver: Any) -> None:
        self.receiver, self._broker = receiver, broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


class Wrapped:
    """A receiver one of whose methods is another function, which is given the method."""

    def __init__(self, receiver: Any, method: str, instead: Callable[..., Any]) -> None:
        self._receiver, self._method, self._instead = receiver, method, instead

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._receiver, name)
        if name != self._method:
            return found
        return lambda *args, **named: self._instead(found, *args, **named)
