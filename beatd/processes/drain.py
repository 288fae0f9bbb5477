"""The end of a service, as it was asked for: in good time, or at once."""

from beatd.ports import Clock
from beatd.processes.notify import Notifier


class Drain:
    """Knows until when what runs may go on: ``patience`` microseconds from the first request to stop, and no longer.

    ``until``: in elapsed microseconds, None before there is a request.
    """

    def __init__(self, clock: Clock, notifier: Notifier, patience: int) -> None:
        self._clock = clock
        self._notifier = notifier
        self._patience = patience
        self.until: int | None = None

    @property
    def begun(self) -> bool:
        """Whether it was asked for."""
        return self.until is not None

    def ask(self, *, now: bool) -> bool:
        """Take a request in; return whether all is to end at once: ``now``, or because it is not the first one."""
        at_once = now or self.begun
        if not self.begun:
            self._notifier.stopping()
        moment = self._clock.elapsed() + (0 if at_once else self._patience)
        self.until = min(moment, moment if self.until is None else self.until)
        return at_once

    def is_over(self) -> bool:
        """Return whether the time is up."""
        return self.until is not None and self._clock.elapsed() >= self.until
