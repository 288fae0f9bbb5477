"""One trouble, said once at its start, once a minute, and once at its end."""

import logging

from beatd.ports import Clock

MINUTE = 60_000_000


class Repeated:
    """Keeps the log readable while something fails over and over; ``what`` names it, such as "the broker".

    ``settled``: for how many microseconds it must have worked before its trouble is over; what works now and then (a
    store that is full answers those who read) is in trouble all the time.
    """

    def __init__(
        self, logger: logging.Logger, clock: Clock, what: str, *, every: int = MINUTE, settled: int = 0
    ) -> None:
        self._logger = logger
        self._clock = clock
        self._what = what
        self._every = every
        self._settled = settled
        self._works_since: int | None = None
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
        self._works_since = None
        if self._began is None:
            self._began = self._said = now
            fields = {"action": "outage", "error": str(error)}
            self._logger.error("%s is not available", self._what, extra=fields)
        elif now - self._said >= self._every:
            self._said = now
            fields = {**self._fields(now - self._began), "error": str(error)}
            self._logger.error("%s is still not available", self._what, extra=fields)

    def recovered(self) -> None:
        """Note that it works; log it where it did not before, and has worked for long enough."""
        if self._began is None:
            return
        now = self._clock.elapsed()
        if self._works_since is None:
            self._works_since = now
        if now - self._works_since < self._settled:
            return
        lasted = self._works_since - self._began
        self._logger.warning("%s is available again", self._what, extra=self._fields(lasted))
        self._began = None
        self._times = 0

    def _fields(self, lasted: int) -> dict[str, str]:
        return {"action": "outage", "lasted_ms": str(lasted // 1000), "failures": str(self._times)}
