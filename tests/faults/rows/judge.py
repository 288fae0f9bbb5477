"""The judge of edited rows: by the editor's diary, which fires each version of a row owned, and what came of them.

A version owns what its rule names from its moment on; where the former one had fired beyond that moment, because the
edit was committed or noticed late, from that fire on. Each of these fires must have left one trace, with the life and
the edit of that version, or lie in a range on record.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.faults.evidence import Evidence
from tests.faults.oracle import (
    SKEW,
    SLACK,
    Owned,
    Traces,
    Verdict,
    between,
    judge_ranges,
    judge_record,
    message_id_of,
)
from tests.faults.rows.diary import Version
from tests.faults.rules import SECOND

NOTICED = 15 * SECOND
"""How long after its commit an edit may be unknown to a scheduler that was stopped, or cut off from the table."""
WAYS = 500
"""How many ways to hand over are kept in mind at once, the best of them."""


class Trace(NamedTuple):
    """What came out of the queue; ``generation``: of the life whose id it has."""

    generation: int
    edit: int
    arrived: int


Line = list[Version]
Traced = dict[int, list[Trace]]
"""By fire time, in order."""


def judge_rows(
    lines: Mapping[str, Line], evidence: Evidence, traces: Path, *, looked_after_until: int, noticed: int = NOTICED
) -> Verdict:
    """Compare what the versions of each name owned with what came out of the queue and what is on record.

    ``looked_after_until``: until then, in microseconds, every row must have been looked after.
    """
    found = Verdict()
    by_name = _read(traces, lines, found)
    for name, line in lines.items():
        _judge(name, line, by_name.get(name, {}), (evidence, looked_after_until, noticed), found)
    judge_ranges(evidence, found)
    if evidence.keeps_all:
        judge_record(evidence, _by_life(by_name), found)
    arrivals = sorted(each.arrived for fires in by_name.values() for all_ in fires.values() for each in all_)
    found.silence = max((b - a for a, b in pairwise(arrivals)), default=0)
    return found


def _read(traces: Path, lines: Mapping[str, Line], found: Verdict) -> dict[str, Traced]:
    lives = {name: sorted({version.generation for version in line}, reverse=True) for name, line in lines.items()}
    by_name: dict[str, Traced] = {}
    for told in traces.read_text().splitlines():
        arrived, message_id, fire_, entry, edit = told.split("\t")
        fire, late = int(fire_), int(arrived) - int(fire_)
        ids = (each for each in lives.get(entry, ()) if message_id == message_id_of(entry, each, fire))
        generation = next(ids, None)
        if generation is None:
            found.problems.append(f"an id that no life of the row has: {told}")
            continue
        by_name.setdefault(entry, {}).setdefault(fire, []).append(Trace(generation, int(edit), int(arrived)))
        found.traced += 1
        found.worst = max(found.worst, late)
        if late < -SKEW:
            found.problems.append(f"{-late} µs before its time: {entry} {fire}")
    return {name: dict(sorted(fires.items())) for name, fires in by_name.items()}


def _judge(name: str, line: Line, traced: Traced, given: tuple[Evidence, int, int], found: Verdict) -> None:
    evidence, until, noticed = given
    found.doubled += [
        f"doubled: {name} {fire} {[(each.generation, each.edit) for each in all_]}"
        for fire, all_ in traced.items()
        if len(all_) > 1
    ]
    found.problems += [
        f"by a former version: {name} {later} {_made_by(traced[later])} after {former} {_made_by(traced[former])}"
        for former, later in pairwise(traced)
        if _made_by(traced[later]) < _made_by(traced[former])
    ]
    cursor = evidence.cursors.get(name)
    end = until - SLACK if cursor is None else cursor
    by: dict[int, int] = {}  # the generation that owns a fire
    for version, owned in _handed_over(line, traced, evidence.installed, end, noticed):
        by.update(dict.fromkeys(owned.fires(), version.generation))
    # What is behind the cursor is not settled yet: that it is not for long is what ``until`` is for.
    owed = [fire for fire in by if fire > end and fire <= until - SLACK]
    by = {fire: generation for fire, generation in by.items() if fire <= end}
    found.expected += len(by)
    _compare(name, by, traced, evidence, found)
    last = line[-1]
    if last.rule is not None and cursor is not None:
        owed += [at for at in (max(cursor, last.committed),) if at < until - last.rule.period - SLACK]
    if owed:
        found.problems.append(f"{name} was looked after until {cursor} only, of {until}")


def _made_by(traces: list[Trace]) -> tuple[int, int]:
    return traces[0].generation, traces[0].edit


def _compare(name: str, by: dict[int, int], traced: Traced, evidence: Evidence, found: Verdict) -> None:
    missing = {(generation, fire) for fire, generation in by.items()}
    for fire, all_ in traced.items():
        for each in all_:
            if by.get(fire) != each.generation:
                found.problems.append(f"emitted, owned by no version: {name} {fire} of {each.generation}, {each.edit}")
            missing.discard((each.generation, fire))
    for each in evidence.ranges:
        if each.entry == name:
            inside = {
                (generation, fire)
                for fire, generation in by.items()
                if generation == each.generation and each.first <= fire <= each.last
            }
            both = inside - missing
            found.disposed[each.reason] += len(inside)
            found.problems += [f"emitted, and on record as {each.reason}: {name} {fire}" for _, fire in sorted(both)]
            missing -= inside
    found.lost += [f"lost: {name} {fire} of {generation}" for generation, fire in sorted(missing)]


def _handed_over(line: Line, traced: Traced, installed: int, end: int, noticed: int) -> list[tuple[Version, Owned]]:
    """Return which version owned what; of all ways to hand over, the one that fits best."""
    observed = [*traced]
    since = max(installed, line[0].moment)
    ways: dict[int, tuple[int, list[Owned]]] = {since: (0, [])}
    for former, later in pairwise(line):
        reached: dict[int, tuple[int, list[Owned]]] = {}
        for since_, (cost, path) in ways.items():
            for until in _untils(former, later, since_, (observed, traced, noticed)):
                owned = Owned(since_, until, former.rule)
                total = cost + _misfit(owned, former, observed, traced)
                if until not in reached or total < reached[until][0]:
                    reached[until] = (total, [*path, owned])
        ways = dict(sorted(reached.items(), key=lambda way: way[1][0])[:WAYS])
    last = [(cost, [*path, Owned(since_, max(since_, end), line[-1].rule)]) for since_, (cost, path) in ways.items()]
    best = min(last, key=lambda way: way[0] + _misfit(way[1][-1], line[-1], observed, traced))[1]
    return list(zip(line, best, strict=True))


def _misfit(owned: Owned, version: Version, observed: Sequence[int], traced: Traced) -> int:
    """Return how many fires are either owned by this version or seen of its life, but not both."""
    there = between(observed, owned.since, owned.until)
    ours = (fire for fire in there if traced[fire][0].generation == version.generation)
    fitting = sum(owned.rule is not None and owned.rule.names(fire) for fire in ours)
    return len(there) + len(owned.fires()) - 2 * fitting


def _untils(former: Version, later: Version, since: int, given: tuple[Sequence[int], Traced, int]) -> set[int]:
    """Return where the former version may have ended: at the later one's moment, or with a fire of its own beyond it.

    Or just before a fire of the later one that came before its moment by this clock, but not by the store's.
    """
    observed, traced, noticed = given
    floor = max(later.moment, since)
    late = between(observed, floor, max(floor, later.committed + noticed))
    early = between(observed, max(since, floor - SKEW), floor)
    beyond = [fire for fire in late if former.rule is not None and _is_by(former, traced[fire])]
    if former.edit != later.edit:
        beyond = beyond[-1:]  # else what the later one has fired looks the same
    untils = {floor, *beyond}
    return untils.union(fire - 1 for fire in early if _is_by(later, traced[fire]) and not _is_by(former, traced[fire]))


def _is_by(version: Version, traces: list[Trace]) -> bool:
    return (version.generation, version.edit) == _made_by(traces)


def _by_life(by_name: Mapping[str, Traced]) -> dict[tuple[str, int], Traces]:
    lives: dict[tuple[str, int], Traces] = {}
    for name, fires in by_name.items():
        for fire, all_ in fires.items():
            for each in all_:
                lives.setdefault((name, each.generation), Traces()).add(fire, each.edit, each.arrived)
    return lives
