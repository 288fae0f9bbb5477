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
        self._places: dict[str, list[str]] = {}
        """Among which of these each name is now. Not the moment itself: that would be one more number a name."""
        self._sorted: set[int] = set()
        """The moments whose names are in order, the last one first."""

    def __len__(self) -> int:
        return len(self._places)

    def put(self, name: str, moment: int | None) -> None:
        """Set when the name is due; None takes it off."""
        if moment is None:
            self._places.pop(name, None)
            return
        names = self._names.get(moment)
        if names is None:
            names = self._names[moment] = []
            heappush(self._heap, moment)
        if self._places.get(name) is not names:
            self._places[name] = names
            names.append(name)

    def next(self) -> int | None:
        """Return the earliest moment, or None when nothing is on the agenda."""
        while self._heap:
            moment = self._heap[0]
            names = self._names[moment]
            # A name that was moved leaves its old place behind; it is dropped when it comes up, so that moving stays
            # cheap.
            while names:
                if self._places.get(names[-1]) is names:
                    return moment
                names.pop()
            del self._names[heappop(self._heap)]
            self._sorted.discard(moment)
        return None

    def pop_due(self, now: int, limit: int) -> list[str]:
        """Take off and return up to ``limit`` names due at or before ``now``, earliest first, then by name.

        The earliest moment takes no more than half of the room that there is while others are due: a hundred thousand
        names at one moment do not keep waiting those that are due a second later.
        """
        due: list[str] = []
        crowded: list[int] = []
        while len(due) < limit and (moment := self.next()) is not None and moment <= now:
            self._take(moment, due, len(due) + (limit - len(due) + 1) // 2)
            if self._names[moment]:
                crowded.append(heappop(self._heap))
        for moment in crowded:
            heappush(self._heap, moment)
            self._take(moment, due, limit)
        return due

    def _take(self, moment: int, due: list[str], limit: int) -> None:
        """Move names from one moment to those due, until these are so many."""
        names = self._names[moment]
        if moment not in self._sorted:
            names.sort(reverse=True)
            self._sorted.add(moment)
        while names and len(due) < limit:
            name = names.pop()
            if self._places.get(name) is names:
                del self._places[name]
                due.append(name)

    def clear(self) -> None:
        """Take everything off."""
        self._heap.clear()
        self._names.clear()
        self._places.clear()
        self._sorted.clear()
