"""One clock for all decisions: steps of the wall clock are noticed and met with care."""

import logging

from beatd.ports import Clock
from beatd.schedules.moments import iso

SECOND = 1_000_000
STEP = 60 * SECOND
HOLD = 60 * SECOND
BACK = 2 * SECOND
_log = logging.getLogger("beatd.scheduler")


class Timekeeper:
    """The store's clock, for a store on this host: the wall clock, watched by one that never steps.

    A forward step over a minute is held for a minute, then believed, so that a mistaken step does not fire a day's
    work early. A backward step is told and needs nothing else: cursors never go back, so what has fired waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall = clock.now()
        self._elapsed = clock.elapsed()
        self._held_since: int | None = None
        self._furthest = self._wall
        self.back_until: int | None = None
        """The moment up to which all has been fired, while the clock is behind it; None while it is not."""

    def now(self) -> int:
        """Return the moment that decisions are made at, in microseconds."""
        wall, elapsed = self._clock.now(), self._clock.elapsed()
        expected = self._wall + elapsed - self._elapsed
        if wall - expected <= STEP:
            self._held_since = None
            return self._believe(wall, elapsed)
        if self._held_since is None:
            self._held_since = elapsed
            fields = {"action": "clock_step", "step_ms": (wall - expected) // 1000}
            _log.error("the clock was set forward: held for a minute, then believed", extra=fields)
        if elapsed - self._held_since < HOLD:
            return expected
        self._held_since = None
        return self._believe(wall, elapsed)

    def _believe(self, wall: int, elapsed: int) -> int:
        self._wall, self._elapsed = wall, elapsed
        self._furthest = max(self._furthest, wall)
        former, self.back_until = self.back_until, self._furthest if self._furthest - wall > BACK else None
        if self.back_until is not None and former is None:
            fields = {"action": "clock_step", "step_ms": (wall - self._furthest) // 1000}
            said = (
                "the clock was set back: what has fired up to %s is not fired again, and the next fires come after it"
            )
            _log.warning(said, iso(self._furthest), extra=fields)
        return wall

    @property
    def holding(self) -> bool:
        """Whether a forward step is being held back."""
        return self._held_since is not None

    def elapsed(self) -> int:
        """Return microseconds on the clock that never steps."""
        return self._clock.elapsed()
