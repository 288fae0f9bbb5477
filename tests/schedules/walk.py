"""What the clocks of a zone showed: every minute, or second, walked through zoneinfo and nothing else.

A walk is made once and asked about many rules: which of its ticks have minute 30 is one number with a bit for each
tick, so that a rule is the union of its values in each field and the intersection of its fields.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

LONGEST_SHIFTED = 3 * 3600
EPOCH = date(1970, 1, 1)


def utc(text):
    """Return the second since the epoch of an ISO text in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def offset(zone, instant):
    """Return the seconds by which a zone is ahead of UTC at a second since the epoch."""
    return int(datetime.fromtimestamp(instant, zone).utcoffset().total_seconds())


class Readings:
    """Readings of a local clock, in seconds from 1970-01-01T00:00 there."""

    def __init__(self, readings):
        self.readings = readings
        self._by = [{}, {}, {}, {}]
        size = len(readings) // 8 + 1
        for place, reading in enumerate(readings):
            day, rest = divmod(reading, 86_400)
            for known, value in zip(self._by, (rest % 60, rest // 60 % 60, rest // 3600, day), strict=True):
                bits = known.get(value)
                if bits is None:
                    bits = known[value] = bytearray(size)
                bits[place >> 3] |= 1 << (place & 7)
        self._by = [{value: int.from_bytes(bits, "little") for value, bits in known.items()} for known in self._by]

    def matching(self, rule):
        """Return a number with the bits of the ticks whose reading the rule names."""
        second, minute, hour, days = self._by
        wanted = [day for day in days if rule.names_day(EPOCH + timedelta(days=day))]
        found = _union(days, wanted)
        for known, numbers in ((hour, rule.hour), (minute, rule.minute), (second, rule.second)):
            found &= _union(known, numbers)
        return found

    def seen_before(self):
        """Return a number with the bits of the ticks whose reading has been there at an earlier tick."""
        return _bits(self.readings)

    def seen_again(self):
        """Return a number with the bits of the ticks whose reading will be there at a later tick."""
        size = len(self.readings)
        turned = _bits(self.readings[::-1])
        return int(format(turned, f"0{size}b")[::-1], 2) if size else 0


def _union(known, wanted):
    found = 0
    for value in wanted:
        found |= known.get(value, 0)
    return found


def _bits(readings):
    seen, found = set(), bytearray(len(readings) // 8 + 1)
    for place, reading in enumerate(readings):
        if reading in seen:
            found[place >> 3] |= 1 << (place & 7)
        seen.add(reading)
    return int.from_bytes(found, "little")


class Walk:
    """The clock of a zone from ``start`` to ``stop`` (seconds since the epoch), read at every whole ``step``.

    It begins and ends ``margin`` seconds further out, so that the other pass of a fold is seen.
    """

    def __init__(self, timezone, start, stop, step=60, margin=2 * 86_400):
        self.timezone, self.start, self.stop, self.step = timezone, start, stop, step
        stretches = list(_stretches(ZoneInfo(timezone), start - margin, stop + margin))
        self.instants, readings = [], []
        for since, until, ahead in stretches:
            first = since + -(since + ahead) % step
            self.instants += range(first, until, step)
            readings += range(first + ahead, until + ahead, step)
        self.shown = Readings(readings)
        self._kept = {"first": ~self.shown.seen_before(), "second": ~self.shown.seen_again(), "both": -1}
        self.gaps = []
        for (_, _, before), (since, _, ahead) in pairwise(stretches):
            if 0 < ahead - before <= LONGEST_SHIFTED:
                first = since + before + -(since + before) % step
                self.gaps.append((since, Readings(range(first, since + ahead, step))))

    def fires(self, rule, gap=None, fold=None):
        """Return every instant, in seconds, in [start, stop) at which the rule fires, in order."""
        gap = gap or ("skip" if rule.elapsed else "shift")
        fold = fold or ("both" if rule.elapsed else "first")
        found = {self.instants[place] for place in _places(self.shown.matching(rule) & self._kept[fold])}
        if gap == "shift":
            found.update(after for after, skipped in self.gaps if skipped.matching(rule))
        return sorted(instant for instant in found if self.start <= instant < self.stop)


def _stretches(zone, start, stop):
    """Yield (start, end, offset) of the times between two changes; walks every minute, then every second."""
    since, ahead = start, offset(zone, start)
    for tick in range(start, stop, 60):
        until = min(tick + 60, stop)
        if offset(zone, until) == ahead:
            continue
        for second in range(tick + 1, until + 1):
            now = offset(zone, second)
            if now != ahead:
                yield since, second, ahead
                since, ahead = second, now
    yield since, stop, ahead


def _places(bits):
    text = format(bits, "b")[::-1]
    place = text.find("1")
    while place >= 0:
        yield place
        place = text.find("1", place + 1)
