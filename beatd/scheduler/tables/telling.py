"""Which rows are to be written back: soon after something happened to them, and not more often than people look."""

SECOND = 1_000_000
APART = 10 * SECOND
"""How long after a row was written back it is not written back again."""


class Telling:
    """Names to be told of, the first noted first; of each at most once in ten seconds."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._told: set[str] = set()
        self._told_before: set[str] = set()
        self._turns_at = 0

    def note(self, name: str) -> None:
        """Take note that what is to be told of a name is another now."""
        self._waiting[name] = None

    def due(self, elapsed: int, most: int) -> list[str]:
        """Take out, and return, at most so many names that may be told of now."""
        if elapsed >= self._turns_at:
            self._turns_at = elapsed + APART
            # What is in either was told within this turn or the one before: ten to twenty seconds ago at the least.
            self._told_before, self._told = self._told, set()
        found: list[str] = []
        for name in self._waiting:
            if len(found) >= most:
                break
            if name not in self._told and name not in self._told_before:
                found.append(name)
        for name in found:
            del self._waiting[name]
        self._told.update(found)
        return found
