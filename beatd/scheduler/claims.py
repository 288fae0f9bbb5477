"""Which of several sources a name belongs to, where the set and tables, or several tables, have it.

One name, one owner: whoever had it first. The record decides: its version is the owner's. Without a record it is the
source in which the name's present life began first; so all schedulers say the same, in whatever order they read. When
the owner drops the name, another that has it takes over with what it numbers above the removal.
"""

from collections.abc import Mapping, Sequence

from beatd.core.line import Compiled
from beatd.core.record import Record

SET = -1
"""The number of the set, as if it was a table."""

LEAST = 10**14
"""A version below it is the set's: of rows the numbers are moments, in microseconds."""

Line = tuple[Compiled, ...]


def ruling(claims: Mapping[int, Line], record: Record | None) -> tuple[Line, int]:
    """Return the versions of a name in the order in which they are taken in, and the source of the newest."""
    owner = _owner(claims, record)
    line = claims[owner]
    while line and line[-1].removed:
        above = _all_above({source: each for source, each in claims.items() if source != owner}, line[-1].number)
        if not above:
            break
        owner = _first(above)
        line += above[owner]
    return line, owner


def heir(claims: Mapping[int, Line], line: Line) -> int | None:
    """Return the source that has a name which its owner dropped, but numbers nothing above the removal; else None."""
    if not line or not line[-1].removed:
        return None
    return min((source for source in claims if is_live(claims[source])), key=lambda s: _age(claims, s), default=None)


def is_live(line: Sequence[Compiled]) -> bool:
    """Return whether a source has the name now."""
    return bool(line) and not line[-1].removed


def _owner(claims: Mapping[int, Line], record: Record | None) -> int:
    by_age = sorted(claims, key=lambda source: _age(claims, source))
    if record is not None:
        used = (record.version, record.fingerprint)
        for source in by_age:
            if any((each.number, each.version.fingerprint) == used for each in claims[source]):
                return source
        # The version was lost, or is not read yet.
        for source in by_age:
            if any(each.version.generation == record.generation for each in claims[source]):
                return source
        # The removal that was noted because of it follows.
        for source in by_age if record.version > LEAST else ():
            if claims[source] and claims[source][-1].removed and claims[source][-1].number > record.version:
                return source
        # The removal was forgotten, as it may be once it was taken in: whoever has the name since follows it.
        if record.removed and (above := _all_above(claims, record.version)):
            return _first(above)
        return SET if SET in claims else by_age[0]
    # Also one that is gone again: what it owed is settled first.
    return next((source for source in by_age if any(not each.removed for each in claims[source])), by_age[0])


def _age(claims: Mapping[int, Line], source: int) -> tuple[int, int]:
    """Return since when a source has a name, or had it last, and itself, so that no two are the same."""
    began = 0
    for each in reversed(claims[source]):
        if each.removed and began:
            break
        if not each.removed:
            began = each.version.changed_at if each.version.generation is None else each.version.generation
    return began, source


def _all_above(claims: Mapping[int, Line], number: int) -> dict[int, Line]:
    """Return what each source that has something above a number has there."""
    above = {source: _above(line, number) for source, line in claims.items()}
    return {source: line for source, line in above.items() if line}


def _first(above: Mapping[int, Line]) -> int:
    return min(above, key=lambda source: (above[source][0].number, source))


def _above(line: Line, number: int) -> Line:
    """Return the versions above a number, from the first one that is no removal."""
    found = [each for each in line if each.number > number]
    while found and found[0].removed:
        found.pop(0)
    return tuple(found)
