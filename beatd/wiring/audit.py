"""`beatd audit`: what should have fired, entry by entry, beside what is on record."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass

from beatd.config.settings import Settings
from beatd.core.audit import Finding, Row, judge, judge_by_arithmetic
from beatd.core.backfill import reigns
from beatd.core.entry import Tenure
from beatd.core.record import Disposition, Record
from beatd.ports import Past
from beatd.wiring.drivers import State, open_state
from beatd.wiring.entries import require_state
from beatd.wiring.lines import PAGE, Lines, open_lines

_Known = Mapping[str, tuple[Record, list[Tenure]]]


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
    with ExitStack() as stack:
        state = stack.enter_context(closing(open_state(settings, create=False)))
        require_state(state, settings.namespace)
        lines = stack.enter_context(open_lines(settings, state))
        if asked.name is not None and not state.past.tenures(asked.name):
            lines.one(asked.name, state.records.load([asked.name]).get(asked.name))
        since = max(asked.since, state.past.kept_since())
        until = min(asked.until, state.clock.now() + 1)
        auditor = _Auditor(settings, state, lines, stack.pop_all())
    return Audit(since=since, until=until, findings=auditor.findings(asked.name, (since - 1, until - 1)))


class _Auditor:
    """Goes through the entries a page at a time, so that a million of them take no room."""

    def __init__(self, settings: Settings, state: State, lines: Lines, stack: ExitStack) -> None:
        self._settings = settings
        self._state = state
        self._lines = lines
        self._stack = stack

    def findings(self, name: str | None, span: tuple[int, int]) -> Iterator[Finding]:
        """Yield the account of each entry, and close what was opened for it."""
        with self._stack:
            for names in [[name]] if name is not None else self._lines.names_on_record():
                known = self._read(names)
                for each in known:
                    finding = self._finding(each, known, span)
                    while finding is not None and finding.wrong and span[0] + 1 < (kept := self._kept_since()):
                        # Some of what was asked for was deleted meanwhile.
                        span = (kept - 1, span[1])
                        finding = self._finding(each, self._read([each]), span)
                    if finding is not None:
                        yield finding

    def _kept_since(self) -> int:
        return self._state.past.kept_since()

    def _read(self, names: list[str]) -> _Known:
        # The records first: what is settled after they were read lies beyond their cursors, and is not asked for.
        records = self._state.records.load(names)
        tenures = self._lines.tenures([name for name in names if name in records])
        return {name: (records[name], each) for name, each in tenures.items() if each}

    def _finding(self, name: str, known: _Known, span: tuple[int, int]) -> Finding | None:
        (after, until), past = span, self._state.past
        if name not in known or after >= until:
            return None
        record, found = known[name][0], reigns(known[name][1])
        ranges = list(ranges_of(past, name, after, until))
        finding = Finding(entry=name, after=after, until=until)
        if self._settings.history != "all":
            return judge_by_arithmetic(finding, found, ranges, record.cursor)
        rows = _rows(past, name, after, min(until, record.cursor))
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
