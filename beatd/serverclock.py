"""The one clock of all who share a server: the server's."""

from collections.abc import Callable

from beatd.errors import BrokerUnavailableError
from beatd.ports import Clock

SECOND = 1_000_000
EACH = 10 * SECOND
"""How long after a reading the next one comes."""

AGAIN = SECOND
"""The same after one that failed, or was slow."""

SLOW = SECOND // 10


class ServerClock:
    """The server's clock, read at least every 10 seconds, and between two readings what has elapsed here.

    ``read``: asks the server. A reading counts for the middle of its round trip, so half of that is how far it may be
    off. Where the server does not answer, the former reading goes on. Safe to share between threads.
    """

    def __init__(self, read: Callable[[], int], own: Clock) -> None:
        self._read = read
        self._own = own
        self._ahead: int | None = None
        """By how much the server's clock is ahead of our elapsed time."""
        self._next = 0

    def now(self) -> int:
        """Return the server's clock in microseconds since the epoch. Raises BrokerUnavailableError if never read."""
        elapsed = self._own.elapsed()
        if self._ahead is None or elapsed >= self._next:
            self._ahead = self._measured(elapsed)
            elapsed = self._own.elapsed()
        return self._ahead + elapsed

    def elapsed(self) -> int:
        """Return microseconds on this host's clock that never steps and counts suspension."""
        return self._own.elapsed()

    def _measured(self, began: int) -> int:
        former = self._ahead
        try:
            told = self._read()
        except BrokerUnavailableError:
            if former is None:
                raise
            self._next = self._own.elapsed() + AGAIN
            return former
        ended = self._own.elapsed()
        slow = ended - began > SLOW
        self._next = ended + (AGAIN if slow else EACH)
        if slow and former is None:
            # Where in its way it was told nobody knows: rather fire late for a second than early.
            return told - ended
        ahead = told - (began + ended) // 2
        # A slow answer tells little: the former reading is believed unless it is proven wrong.
        return former if slow and former is not None and abs(ahead - former) <= (ended - began) // 2 else ahead
