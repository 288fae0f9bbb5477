"""`beatd audit`: what should have fired, entry by entry, beside what is on record."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from beatd.config.settings import Settings
from beatd.core.audit import Finding, Row, judge, judge_by_arithmetic
from beatd.core.backfill import reigns
from beatd.core.record import Disposition
from beatd.ports import Past
from beatd.wiring.drivers import State, open_state
from beatd.wiring.entries import require_name, require_state

PAGE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to audit: fire times from ``since``, included, to ``until``, excluded; ``name``: of one entry only."""

    since: int
    until: int
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """``since``: from where on the history is whole, at the earliest what was asked for; findings come one by one."""

    since: int
    until: int
    findings: Iterator[Finding]


def audit(settings: Settings, asked: Asked) -> Audit:
    """Return the account of each entry that has a record.

    Raises StoreError where there is no state, or no entry of the name.
    """
    state = open_state(settings, create=False)
    try:
        require_state(state, settings.namespace)
        if asked.name is not None and not state.past.tenures(asked.name):
            require_name(state, asked.name)
        since = max(asked.since, state.past.kept_since())
        until = min(asked.until, state.clock.now() + 1)
    except BaseException:
        state.close()
        raise
    return Audit(since=since, until=until, findings=_findings(settings, state, asked.name, (since - 1, until - 1)))


def _findings(settings: Settings, state: State, name: str | None, span: tuple[int, int]) -> Iterator[Finding]:
    with closing(state):
        for each in [name] if name is not None else _names(state.past):
            finding = _finding(settings, state, each, span)
            while finding is not None and finding.wrong and span[0] + 1 < (kept := state.past.kept_since()):
                # Some of what was asked for was deleted meanwhile.
                span = (kept - 1, span[1])
                finding = _finding(settings, state, each, span)
            if finding is not None:
                yield finding


def _names(past: Past) -> Iterator[str]:
    after, full = "", True
    while full:
        names = past.names(after, PAGE)
        yield from names
        full = len(names) == PAGE
        after = names[-1] if names else after


def _finding(settings: Settings, state: State, name: str, span: tuple[int, int]) -> Finding | None:
    after, until = span
    # The record first: what is settled after it was read lies beyond its cursor, and is not asked for.
    record = state.records.load([name]).get(name)
    found = reigns(state.past.tenures(name))
    if record is None or not found or after >= until:
        return None
    ranges = list(ranges_of(state.past, name, after, until))
    finding = Finding(entry=name, after=after, until=until)
    if settings.history != "all":
        return judge_by_arithmetic(finding, found, ranges, record.cursor)
    rows = _rows(state.past, name, after, min(until, record.cursor))
    return judge(finding, found, ranges, rows, record.cursor)


def _rows(past: Past, name: str, after: int, until: int) -> Iterator[Row]:
    while rows := past.emitted(name, after, until, PAGE):
        yield from rows
        after = rows[-1][0]


def ranges_of(past: Past, name: str, after: int, until: int) -> Iterator[Disposition]:
    """Yield the ranges of an entry that lie in, or reach into, (after, until], the oldest first."""
    full = True
    while full and after <= until:
        page = past.dispositions(name, after, until, PAGE)
        yield from page
        full = len(page) == PAGE and page[-1].last is not None
        after = page[-1].last or after if page else after
