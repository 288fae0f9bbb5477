"""What should have fired, recomputed from the versions on record, beside what is on record as fired and as not.

Shares the schedules with the engine, and none of its decisions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from beatd.core.backfill import Reign
from beatd.core.record import Disposition

SHOWN = 10
Row = tuple[int, int]
"""(fire time, version) of an emitted fire."""


@dataclass(slots=True, kw_only=True)
class Finding:
    """One entry's account over (after, until]. Moments in microseconds; ``missing_at``, ``extra_at``: the first few.

    ``disposed`` by reason. ``due``: named, but beyond the cursor and not settled yet. ``unjudged``: fires of, or
    beside, a version that is not known any more. ``by_arithmetic``: emitted is what was named and not disposed of.
    """

    entry: str
    after: int
    until: int
    emitted: int = 0
    disposed: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    extra: int = 0
    due: int = 0
    unjudged: int = 0
    by_arithmetic: bool = False
    missing_at: list[int] = field(default_factory=list)
    extra_at: list[int] = field(default_factory=list)

    @property
    def expected(self) -> int:
        """How many fires the versions named up to the cursor."""
        return self.emitted + self.disposed.total() + self.missing + self.unjudged

    @property
    def wrong(self) -> bool:
        """Whether a fire is missing, or there is one that no version named."""
        return bool(self.missing or self.extra)

    def misses(self, fire: int) -> None:
        """Take note of a fire that is on record nowhere."""
        self.missing += 1
        if len(self.missing_at) < SHOWN:
            self.missing_at.append(fire)

    def exceeds(self, fire: int) -> None:
        """Take note of a fire that was emitted though nothing names it, or a second time."""
        self.extra += 1
        if len(self.extra_at) < SHOWN:
            self.extra_at.append(fire)


def judge(
    finding: Finding, found: Sequence[Reign], ranges: Sequence[Disposition], rows: Iterable[Row], cursor: int
) -> Finding:
    """Match each fire that was named with one that is on record; ``rows`` and ``ranges`` in the order of their time."""
    settled, known = min(finding.until, cursor), {reign.version for reign in found}
    ahead, walk, last_known = _Ahead(rows), _Ranges(ranges), True
    for fire in _named(found, finding.after, settled):
        last_known = _odd(finding, ahead.before(fire), known, last_known=last_known)
        at = ahead.at(fire)
        covering = walk.counting(fire)
        if at:
            finding.emitted += 1
            for _ in range(len(at) - 1 + (covering is not None)):
                finding.exceeds(fire)
            last_known = at[-1] in known
        elif covering is not None:
            finding.disposed[str(covering.reason)] += 1
        elif last_known and ahead.next_version() in {None, *known}:
            finding.misses(fire)
        else:
            finding.unjudged += 1
    _odd(finding, ahead.before(finding.until + 1), known, last_known=last_known)
    _compare_counts(finding, walk.counted(), settled, known)
    _beyond(finding, found, ranges, settled)
    return finding


def judge_by_arithmetic(
    finding: Finding, found: Sequence[Reign], ranges: Sequence[Disposition], cursor: int
) -> Finding:
    """Count what was named, less what is on record as not emitted; where the history does not hold what was."""
    settled = min(finding.until, cursor)
    finding.by_arithmetic = True
    counted = []
    for each in ranges:
        last = settled if each.last is None else min(each.last, settled)
        number = _count(found, max(each.first - 1, finding.after), last)
        finding.disposed[str(each.reason)] += number
        counted.append((each, number))
    finding.disposed = +finding.disposed
    finding.emitted = _count(found, finding.after, settled) - finding.disposed.total()
    _compare_counts(finding, counted, settled, {reign.version for reign in found})
    _beyond(finding, found, ranges, settled)
    return finding


def _named(found: Sequence[Reign], after: int, until: int) -> Iterator[int]:
    for reign in found:
        high = until if reign.until is None else min(until, reign.until)
        if max(after, reign.since) < high:
            yield from reign.schedule.between_us(max(after, reign.since), high)


def _count(found: Sequence[Reign], after: int, until: int) -> int:
    total = 0
    for reign in found:
        low, high = max(after, reign.since), until if reign.until is None else min(until, reign.until)
        total += reign.schedule.count_us(low, high) if low < high else 0
    return total


def _odd(finding: Finding, rows: Iterable[Row], known: set[int], *, last_known: bool) -> bool:
    for fire, version in rows:
        last_known = version in known
        if last_known:
            finding.exceeds(fire)
        else:
            finding.unjudged += 1
    return last_known


def _compare_counts(
    finding: Finding, counted: Iterable[tuple[Disposition, int]], settled: int, known: set[int]
) -> None:
    """Take note where a range that lies wholly in the window tells another number than was named in it."""
    for each, number in counted:
        whole = each.last is not None and each.first > finding.after and each.last <= settled
        if each.count is None or not whole:
            continue
        if each.version not in known:
            finding.unjudged += max(0, each.count - number)
            continue
        for _ in range(min(number - each.count, SHOWN)):
            finding.missing_at.append(each.first)
        finding.missing += max(0, number - each.count)
        for _ in range(min(each.count - number, SHOWN)):
            finding.extra_at.append(each.first)
        finding.extra += max(0, each.count - number)


def _beyond(finding: Finding, found: Sequence[Reign], ranges: Sequence[Disposition], settled: int) -> None:
    """Account for what is named beyond the cursor: it ends as the open range says, or is still to be settled."""
    number = _count(found[-1:], max(settled, finding.after), finding.until)
    held = next((each for each in ranges if each.last is None), None)
    if held is not None:
        finding.disposed[str(held.reason)] += number
    else:
        finding.due = number
    finding.disposed = +finding.disposed


class _Ahead:
    """The emitted fires, one ahead."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = iter(rows)
        self._head = next(self._rows, None)

    def before(self, moment: int) -> Iterator[Row]:
        """Yield and pass those before a moment."""
        while self._head is not None and self._head[0] < moment:
            yield self._head
            self._head = next(self._rows, None)

    def at(self, moment: int) -> list[int]:
        """Return and pass the versions of those at a moment."""
        versions = []
        while self._head is not None and self._head[0] == moment:
            versions.append(self._head[1])
            self._head = next(self._rows, None)
        return versions

    def next_version(self) -> int | None:
        """Return the version of the next one."""
        return None if self._head is None else self._head[1]


class _Ranges:
    """The ranges of fires that were not emitted, walked along with the fires."""

    def __init__(self, ranges: Sequence[Disposition]) -> None:
        self._ranges = ranges
        self._counts = [0] * len(ranges)
        self._place = 0

    def counting(self, fire: int) -> Disposition | None:
        """Return the range that a fire lies in, and count it there; fires come in order."""
        while self._place < len(self._ranges):
            each = self._ranges[self._place]
            if each.last is None or each.last >= fire:
                if each.first > fire:
                    return None
                self._counts[self._place] += 1
                return each
            self._place += 1
        return None

    def counted(self) -> list[tuple[Disposition, int]]:
        """Return each range with how many fires lay in it."""
        return list(zip(self._ranges, self._counts, strict=True))
