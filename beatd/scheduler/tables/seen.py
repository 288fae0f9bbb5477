"""Which names were seen, in two megabytes, however many: of those that were not, a few are taken for seen."""

from collections.abc import Iterable
from itertools import count

_BITS = 1 << 24
_salts = count()


class Seen:
    """A set of names to which can be added. With a million in it, one name in sixteen that is not counts as seen.

    Each set errs about other names, so that what one reading overlooks the next one finds.
    """

    def __init__(self) -> None:
        self._bits = bytearray()
        self._salt = next(_salts)

    def add(self, names: Iterable[str]) -> None:
        """Take note of names."""
        bits = self._bits = self._bits or bytearray(_BITS // 8)
        for name in names:
            place = hash((self._salt, name)) % _BITS
            bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, name: str) -> bool:
        place = hash((self._salt, name)) % _BITS
        return bool(self._bits) and bool(self._bits[place >> 3] & 1 << (place & 7))
