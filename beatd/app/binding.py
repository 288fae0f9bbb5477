"""How an app gets at its broker: settings are read and the broker opened on first use, once per process."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.ports import Clock

if TYPE_CHECKING:
    from beatd.wiring import Broker


ReadSettings = Callable[[Mapping[str, Any]], Settings]
"""Returns the settings where an app says this of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """An open broker, the settings it was opened with, and the clock that calls are timed by."""

    settings: Settings
    broker: "Broker"
    clock: Clock = field(default_factory=SystemClock)


@dataclass(slots=True)
class _Process:
    """What holds for every app of this process, whatever it says itself."""

    settings: Settings | None = None
    read: ReadSettings | None = None
    bound: Bound | None = None


_PROCESS = _Process()


def use_settings(settings: Settings | None) -> None:
    """Make every app of this process use these settings, as a worker's command line demands; None undoes it."""
    _PROCESS.settings = settings


def read_settings_by(read: ReadSettings) -> None:
    """Let every app of this process have the settings that come of what it says itself, until they are one for all."""
    _PROCESS.read = read


@contextmanager
def override(bound: Bound) -> Iterator[None]:
    """Make every app of this process use this broker and clock for a while."""
    former, _PROCESS.bound = _PROCESS.bound, bound
    try:
        yield
    finally:
        _PROCESS.bound = former


class Binding:
    """One app's connection; safe to share between threads, opened again after a fork."""

    def __init__(self, app_settings: Callable[[], Mapping[str, Any]]) -> None:
        self._app_settings = app_settings
        self._by_pid: dict[int, Bound] = {}
        self._locks: dict[int, Lock] = {}

    def settings(self) -> Settings:
        """Return the settings: the process's own, else command line's environment, file and app in order."""
        if _PROCESS.bound is not None:
            return _PROCESS.bound.settings
        if _PROCESS.settings is not None:
            return _PROCESS.settings
        if _PROCESS.read is not None:
            return _PROCESS.read(self._app_settings())
        from beatd.config.load import load_settings

        return load_settings({}, config_path=None, environ=os.environ, app_settings=self._app_settings())

    def bound(self) -> Bound:
        """Return the open broker of this process. Raises SettingsError, BrokerUnavailableError."""
        if _PROCESS.bound is not None:
            return _PROCESS.bound
        pid = os.getpid()
        if (held := self._by_pid.get(pid)) is not None:
            return held
        # A lock per process, because one that another thread held at the fork stays held in the child for good;
        # and what the parent opened stays referenced, because closing it here would hurt the parent.
        with self._locks.setdefault(pid, Lock()):
            if pid not in self._by_pid:
                self._by_pid[pid] = self._open()
            return self._by_pid[pid]

    def close(self) -> None:
        """Close what this process opened; the next use opens it again."""
        if (held := self._by_pid.pop(os.getpid(), None)) is not None:
            held.broker.close()

    def _open(self) -> Bound:
        from beatd.wiring.drivers import open_for_calls

        settings = self.settings()
        return Bound(settings=settings, broker=open_for_calls(settings))
