"""One trouble, said once at its start, once a minute, and once at its end."""

import logging

from beatd.ports import Clock

MINUTE = 60_000_000


class Repeated:
    """Keeps the log readable while something fails over and over; ``what`` names it, such as "the broker"."""

    def __init__(self, logger: logging.Logger, clock: Clock, what: str, *, every: int = MINUTE) -> None:
        self._logger = logger
        self._clock = clock
        self._what = what
        self._every = every
        self._began: int | None = None
        self._said = 0
        self._times = 0

    @property
    def lasting(self) -> bool:
        """Whether the trouble is on."""
        return self._began is not None

    def failed(self, error: BaseException) -> None:
        """Note a failure; log it where a line is due."""
        now = self._clock.elapsed()
        self._times += 1
        if self._began is None:
            self._began = self._said = now
            fields = {"action": "outage", "error": str(error)}
            self._logger.error("%s is not available", self._what, extra=fields)
        elif now - self._said >= self._every:
            self._said = now
            fields = {**self._fields(now - self._began), "error": str(error)}
            self._logger.error("%s is still not available", self._what, extra=fields)

    def recovered(self) -> None:
        """Note that it works; log it where it did not before."""
        if self._began is None:
            return
        lasted = self._clock.elapsed() - self._began
        self._logger.warning("%s is available again", self._what, extra=self._fields(lasted))
        self._began = None
        self._times = 0

    def _fields(self, lasted: int) -> dict[str, str]:
        return {"action": "outage", "lasted_ms": str(lasted // 1000), "failures": str(self._times)}
