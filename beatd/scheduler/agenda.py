"""The in-memory order of what needs attention next."""

from heapq import heappop, heappush


class Agenda:
    """Names by moment. One moment a name; putting a name again moves it. All operations are O(log n)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._moments: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._moments)

    def put(self, name: str, moment: int | None) -> None:
        """Set when the name is due; None takes it off."""
        if moment is None:
            self._moments.pop(name, None)
        elif self._moments.get(name) != moment:
            self._moments[name] = moment
            heappush(self._heap, (moment, name))

    def next(self) -> int | None:
        """Return the earliest moment, or None when nothing is on the agenda."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: int, limit: int) -> list[str]:
        """Take off and return up to ``limit`` names due at or before ``now``, earliest first."""
        due: list[str] = []
        while len(due) < limit:
            self._drop_stale()
            if not self._heap or self._heap[0][0] > now:
                break
            _, name = heappop(self._heap)
            del self._moments[name]
            due.append(name)
        return due

    def clear(self) -> None:
        """Take everything off."""
        self._heap.clear()
        self._moments.clear()

    def _drop_stale(self) -> None:
        # A name that was moved leaves its old place behind; it is dropped when it comes up, so that moving stays cheap.
        while self._heap and self._moments.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
