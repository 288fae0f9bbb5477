"""A clock that moves when it is told to."""

from datetime import UTC, datetime, timedelta

from beatd.schedules.moments import from_us, to_us

_SECOND = timedelta(seconds=1)
_START = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    """A ``Clock`` that stands still between ``advance`` and ``set``."""

    def __init__(self, start: datetime = _START) -> None:
        self._now = to_us(start)
        self._elapsed = 0

    @property
    def moment(self) -> datetime:
        """What the clock reads, in UTC."""
        return from_us(self._now)

    def now(self) -> int:
        """Return the wall clock in microseconds since the epoch."""
        return self._now

    def elapsed(self) -> int:
        """Return the microseconds that have passed since the start, whatever the wall clock was set to."""
        return self._elapsed

    def advance(self, by: float | timedelta) -> None:
        """Let time pass: seconds or a timedelta, not negative."""
        step = round((by / _SECOND if isinstance(by, timedelta) else by) * 1_000_000)
        if step < 0:
            raise ValueError(f"time does not run backwards: advance({by!r}); to step the wall clock, use set(...)")
        self._now += step
        self._elapsed += step

    def advance_to(self, moment: datetime) -> None:
        """Let time pass until the wall clock reads ``moment``; one that has passed moves nothing."""
        self.advance(timedelta(microseconds=max(0, to_us(moment) - self._now)))

    def set(self, moment: datetime) -> None:
        """Step the wall clock, forwards or back, as somebody who sets it does; no time passes."""
        self._now = to_us(moment)
