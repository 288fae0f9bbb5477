"""How often, and how long between, a call is tried again while the broker cannot be reached."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from beatd.errors import CallError
from beatd.ports import Clock

_SECOND = 1_000_000
_FIRST_WAIT = 0.05
# A last try is begun by then, so that a broker which answers quickly that it is not there is given up within 3 s.
_PATIENCE = 1 * _SECOND
_LONGEST = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Celery's ``retry_policy``: so many further tries, the first after ``interval_start`` seconds.

    Each waits ``interval_step`` longer than the one before, ``interval_max`` at most.
    """

    max_retries: int = 3
    interval_start: float = 0
    interval_step: float = 0.2
    interval_max: float = 0.2

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the policy that a call was given. Raises CallError for a key or value that cannot be used."""
        known = [each.name for each in fields(cls)]
        for key, value in given.items():
            if key not in known:
                raise CallError(f"retry_policy has {key!r}, which it does not take; known: {', '.join(known)}")
            number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST
            if not number or (key == "max_retries" and not isinstance(value, int)):
                what = (
                    "a whole number from 0 up, since a call has to end" if key == "max_retries" else "seconds from 0 up"
                )
                raise CallError(f"retry_policy[{key!r}]={value!r}: give {what}, at most {_LONGEST}")
        return cls(**given)

    def waits(self) -> Iterator[float]:
        """Yield the seconds to wait before each further try."""
        for number in range(self.max_retries):
            yield min(self.interval_start + number * self.interval_step, self.interval_max)


def patiently(clock: Clock, since: int) -> Iterator[float]:
    """Yield waits that double, for a second from ``since`` on, a moment of the clock's ``elapsed``."""
    wait = _FIRST_WAIT
    while clock.elapsed() + (pause := wait * random.uniform(0.5, 1.0)) * _SECOND <= since + _PATIENCE:
        yield pause
        wait *= 2
