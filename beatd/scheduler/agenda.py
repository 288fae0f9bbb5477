"""The in-memory order of what needs attention next."""

from heapq import heappop, heappush


class Agenda:
    """Names by moment. One moment a name; putting a name again moves it.

    All operations are O(log m + names), m being how many different moments there are: many names share one.
    """

    def __init__(self) -> None:
        self._heap: list[int] = []
        self._names: dict[int, list[str]] = {}
        """What was put at each moment of the heap, also what was moved since."""
        self._moments: dict[str, int] = {}
        self._sorted: int | None = None
        """The moment whose names are in order, the last one first."""

    def __len__(self) -> int:
        return len(self._moments)

    def put(self, name: str, moment: int | None) -> None:
        """Set when the name is due; None takes it off."""
        if moment is None:
            self._moments.pop(name, None)
        elif self._moments.get(name) != moment:
            self._moments[name] = moment
            names = self._names.get(moment)
            if names is None:
                names = self._names[moment] = []
                heappush(self._heap, moment)
            names.append(name)

    def next(self) -> int | None:
        """Return the earliest moment, or None when nothing is on the agenda."""
        while self._heap:
            moment = self._heap[0]
            names = self._names[moment]
            # A name that was moved leaves its old place behind; it is dropped when it comes up, so that moving stays
            # cheap.
            while names:
                if self._moments.get(names[-1]) == moment:
                    return moment
                names.pop()
            del self._names[heappop(self._heap)]
        return None

    def pop_due(self, now: int, limit: int) -> list[str]:
        """Take off and return up to ``limit`` names due at or before ``now``, earliest first, then by name."""
        due: list[str] = []
        while len(due) < limit and (moment := self.next()) is not None and moment <= now:
            names = self._names[moment]
            if moment != self._sorted:
                names.sort(reverse=True)
                self._sorted = moment
            while names and len(due) < limit:
                name = names.pop()
                if self._moments.get(name) == moment:
                    del self._moments[name]
                    due.append(name)
        return due

    def clear(self) -> None:
        """Take everything off."""
        self._heap.clear()
        self._names.clear()
        self._moments.clear()
