"""How many messages a child takes at once: one, unless its tasks are known to be quick."""

SLOW = 5_000
_TARGET = 8_000
_MOST = 32
_KNOWN_TASKS = 1000
_WEIGHT = 8


class Pace:
    """Learns run times, in microseconds, as moving averages by task."""

    def __init__(self) -> None:
        self._averages: dict[str, int] = {}
        self._overall: int | None = None

    def ran(self, task: str, runtime: int) -> None:
        """Note how long a task ran, with its settlement."""
        if len(self._averages) >= _KNOWN_TASKS and task not in self._averages:
            self._averages.clear()
        self._averages[task] = _moved(self._averages.get(task), runtime)
        self._overall = _moved(self._overall, runtime)

    def batch(self) -> int:
        """Return how many messages to claim: about 8 ms of work, 32 at most, 1 while nothing is known."""
        if self._overall is None or self._overall >= SLOW:
            return 1
        return max(1, min(_MOST, _TARGET // max(1, self._overall)))

    def is_quick(self, task: str) -> bool:
        """Return whether others may wait in this process while the task runs."""
        return self._averages.get(task, SLOW) < SLOW


def _moved(average: int | None, value: int) -> int:
    if average is None:
        return value
    # One slow run counts at once, several quick ones are needed to be quick again: waiting hurts more than asking.
    return value if value > SLOW > average else average + (value - average) // _WEIGHT
