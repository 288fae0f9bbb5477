"""The judge of the fault tests: compares what should have fired with what did, and shares no code with beatd.

From the definitions that the store keeps it computes, by arithmetic of its own, which fires each version owned. Each
must have left exactly one trace (a message that came out of the queue, or a task that ran), or lie in exactly one range
on record; nothing else may have.
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

from tests.faults.evidence import Change, Evidence
from tests.faults.rules import SECOND, Rule

BEATD = UUID("0783e573-7f08-5e07-aaff-d019ebc8fbd9")
SLACK = 5 * SECOND
"""How far past its end a version may still have fired: an edit is not noticed at once by all."""
SKEW = SECOND // 10
"""How far the clocks of two schedulers may be apart, which the store's clock keeps together."""


class Traces:
    """The fires of one life of an entry that left a trace, the edits that their calls are of, and when they came."""

    def __init__(self) -> None:
        self.fires, self.edits, self.arrivals = array("q"), array("q"), array("q")

    def add(self, fire: int, edit: int, arrived: int) -> None:
        self.fires.append(fire)
        self.edits.append(edit)
        self.arrivals.append(arrived)


class Owned(NamedTuple):
    """The fires of a rule in (since, until] that one life of an entry owes."""

    since: int
    until: int
    rule: Rule | None

    def fires(self) -> range:
        return range(0) if self.rule is None else self.rule.fires(self.since, self.until)


@dataclass
class Verdict:
    """What was found, in microseconds. ``worst``: the longest from a fire time to its trace; ``repeats``: of runs."""

    expected: int = 0
    traced: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disposed: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    repeats: int = 0
    worst: int = 0
    silence: int = 0

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.problems)

    @property
    def is_clean(self) -> bool:
        """Whether it holds, and nothing is on record as not emitted."""
        return self.holds and not self.disposed.total()

    def __str__(self) -> str:
        told = f"{self.expected} expected, {self.traced} traced, {len(self.lost)} lost, {len(self.doubled)} doubled"
        disposed = ", ".join(f"{count} {reason}" for reason, count in sorted(self.disposed.items())) or "none"
        spans = f"latest {self.worst / SECOND:.2f} s, longest silence {self.silence / SECOND:.2f} s"
        return "\n".join(
            [f"{told}; on record as not emitted: {disposed}; {spans}"]
            + [f"  {each}" for each in (self.lost + self.doubled + self.problems)[:40]]
        )


def judge(evidence: Evidence, traces: Path, *, looked_after_until: int, may_repeat: bool = False) -> Verdict:
    """Compare what should have fired with the evidence.

    ``looked_after_until``: until then, in microseconds, every entry must have been looked after. ``may_repeat``: the
    traces are of tasks, which run at least once, so that the store's own record must say what was emitted once.
    """
    found = Verdict()
    lives = dict(_lives(evidence))
    by_life = _read(traces, evidence, lives, found, may_repeat=may_repeat)
    for life, changes in lives.items():
        _judge_life(life, changes, by_life.get(life, Traces()), evidence, found)
    for name, changes in evidence.changes.items():
        _judge_end(name, changes[-1], evidence, looked_after_until, found)
    judge_ranges(evidence, found)
    if evidence.keeps_all:
        judge_record(evidence, by_life, found)
    arrivals = sorted(moment for each in by_life.values() for moment in each.arrivals)
    found.silence = max((b - a for a, b in pairwise(arrivals)), default=0)
    return found


def _lives(evidence: Evidence) -> Iterator[tuple[tuple[str, int], list[Change]]]:
    """Yield by (entry, generation) the changes from each creation of the name to its removal, inclusive."""
    for name, changes in evidence.changes.items():
        generation, life = 0, []
        for change in changes:
            if not life and change.rule is None:
                continue
            life.append(change)
            if change.rule is None:
                generation += 1
                yield (name, generation), life
                life = []
        if life:
            yield (name, generation + 1), life


def _read(
    traces: Path, evidence: Evidence, lives: Iterable[tuple[str, int]], found: Verdict, *, may_repeat: bool
) -> dict[tuple[str, int], Traces]:
    """Return the traces of each life."""
    generations = Counter(name for name, _ in lives)
    by_life: dict[tuple[str, int], Traces] = {}
    seen: set[str] = set()
    with traces.open() as lines:
        for line in lines:
            arrived, message_id, fire, entry, edit = line.rstrip("\n").split("\t")
            if may_repeat:
                if message_id in seen:
                    found.repeats += 1
                    continue
                seen.add(message_id)
            generation = _generation(message_id, entry, int(fire), generations[entry])
            if generation is None:
                found.problems.append(f"an id that no life of the entry has: {line.strip()}")
                continue
            by_life.setdefault((entry, generation), Traces()).add(int(fire), int(edit), int(arrived))
            late = int(arrived) - int(fire)
            found.worst = max(found.worst, late)
            if late < -SKEW:
                found.problems.append(f"{-late} µs before its time: {entry} {fire}")
    return by_life


def _generation(message_id: str, entry: str, fire: int, most: int) -> int | None:
    for generation in range(most, 0, -1):
        if message_id == message_id_of(entry, generation, fire):
            return generation
    return None


def message_id_of(entry: str, generation: int, fire: int) -> str:
    return str(uuid5(BEATD, f"beatd\n{generation}\n{fire}\n{entry}"))


def _judge_life(
    life: tuple[str, int], changes: list[Change], traces: Traces, evidence: Evidence, found: Verdict
) -> None:
    name = f"{life[0]} generation {life[1]}"
    in_order = sorted(zip(traces.fires, traces.edits, strict=True))
    fires = [fire for fire, _ in in_order]
    found.traced += len(fires)
    found.doubled += [f"doubled: {name} {fire} {count} times" for fire, count in Counter(fires).items() if count > 1]
    found.problems += [
        f"by a former definition: {name} {later[0]} has edit {later[1]}, {former[0]} had {former[1]}"
        for former, later in pairwise(in_order)
        if later[1] < former[1]
    ]
    observed = sorted(set(fires))
    end = changes[-1].moment if changes[-1].rule is None else evidence.cursors.get(life[0], 0)
    owned = _handed_over(changes, dict(in_order), max(evidence.installed, changes[0].moment), end)
    expected = {fire for each in owned for fire in each.fires()}
    found.expected += len(expected)
    ranges = [each for each in evidence.ranges if (each.entry, each.generation) == life]
    missing = expected - set(observed)
    for each in ranges:
        disposed = {fire for fire in expected if each.first <= fire <= each.last}
        found.disposed[each.reason] += len(disposed)
        both = disposed - missing
        found.problems += [f"emitted, and on record as {each.reason}: {name} {fire}" for fire in sorted(both)]
        missing -= disposed
    found.lost += [f"lost: {name} {fire}" for fire in sorted(missing)]
    found.problems += [f"emitted, owned by no version: {name} {fire}" for fire in sorted(set(observed) - expected)]


def _handed_over(changes: list[Change], edits: dict[int, int], since: int, end: int) -> list[Owned]:
    """Return who owned what; ``edits``: the fires that left a trace in their order, and of which edit each is.

    A version begins with its change, or after the last fire that the former one had emitted meanwhile: which of its
    fires that was the traces tell. It begins no later than by the clock of who takes it in, which may be behind that of
    who made it. Of all ways to hand over, the one that fits best.
    """
    observed = [*edits]
    ways: dict[int, tuple[int, list[Owned]]] = {since: (0, [])}
    for former, later in pairwise(changes):
        reached: dict[int, tuple[int, list[Owned]]] = {}
        for since_, (cost, path) in ways.items():
            floor = max(later.moment, since_)
            late = between(observed, floor, later.moment + SLACK)
            early = between(observed, max(since_, floor - SKEW), floor)
            untils = {floor, *(fire for fire in late if _is_by(former, edits[fire]))}
            for until in untils.union(fire - 1 for fire in early if _is_by(later, edits[fire])):
                owned = Owned(since_, until, former.rule)
                total = cost + misfit(owned, observed)
                if until not in reached or total < reached[until][0]:
                    reached[until] = (total, [*path, owned])
        ways = reached
    if changes[-1].rule is None:
        return min(ways.values(), key=lambda way: way[0])[1]
    last = [(cost, [*path, Owned(since_, end, changes[-1].rule)]) for since_, (cost, path) in ways.items()]
    return min(last, key=lambda way: way[0] + misfit(way[1][-1], observed))[1]


def _is_by(change: Change, edit: int) -> bool:
    return change.edit == edit


def between(observed: Sequence[int], since: int, until: int) -> Sequence[int]:
    return observed[bisect_right(observed, since) : bisect_right(observed, until)]


def misfit(owned: Owned, observed: Sequence[int]) -> int:
    """Return how many fires are either owned or observed, but not both."""
    there = between(observed, owned.since, owned.until)
    fitting = sum(owned.rule is not None and owned.rule.names(fire) for fire in there)
    return len(there) + len(owned.fires()) - 2 * fitting


def _judge_end(name: str, last: Change, evidence: Evidence, until: int, found: Verdict) -> None:
    if last.rule is None:
        return
    cursor = evidence.cursors.get(name)
    if cursor is None:
        found.problems.append(f"{name} has no record")
    elif cursor < until - last.rule.period - SLACK:
        found.problems.append(f"{name} was looked after until {cursor} only, of {until}")


def judge_ranges(evidence: Evidence, found: Verdict) -> None:
    by_life: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for each in evidence.ranges:
        by_life.setdefault((each.entry, each.generation), []).append((each.first, each.last))
    for life, spans in by_life.items():
        found.problems += [f"ranges overlap: {life} {a} {b}" for a, b in pairwise(sorted(spans)) if b[0] <= a[1]]


def judge_record(evidence: Evidence, by_life: dict[tuple[str, int], Traces], found: Verdict) -> None:
    """Compare what the store says that it emitted with what came of it."""
    traced = {(*life, fire) for life, each in by_life.items() for fire in each.fires}
    recorded = {fire for message_id, fire in evidence.on_record.items() if message_id not in evidence.waiting}
    found.problems += [f"on record twice: {each}" for each in evidence.twice_on_record]
    found.problems += [f"on record as emitted, never seen: {each}" for each in sorted(recorded - traced)]
    unknown = traced.difference(evidence.on_record.values())
    found.problems += [f"seen, not on record as emitted: {each}" for each in sorted(unknown)]
