"""`beatd forward`: what is owed up to a moment ends on record instead of being emitted."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from beatd.config.settings import Settings
from beatd.core.firing import Moment, forward
from beatd.core.record import Answer, Item, Record
from beatd.scheduler.claims import Line
from beatd.wiring.drivers import State, open_state
from beatd.wiring.entries import require_state
from beatd.wiring.lines import Lines, open_lines

BATCH = 256
ROUNDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Upto:
    """How far to forward (microseconds), why, and of which entry only; ``dry_run``: nothing is written."""

    moment: int
    note: str
    name: str | None = None
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class Forwarded:
    """How many entries and fires were settled, what could not be, and whether the rolled-back mark was cleared."""

    entries: int = 0
    fires: int = 0
    left: list[str]
    cleared: bool = False


def forward_owed(settings: Settings, upto: Upto) -> Forwarded:
    """Settle everything owed up to a moment as forwarded. Raises StoreError for a name that there is not."""
    with closing(open_state(settings, create=False)) as state, open_lines(settings, state) as lines:
        installation = require_state(state, settings.namespace)
        done = Forwarded(left=[])
        for names in _names(state, lines, upto):
            _Batch(state, lines, names, upto, installation.since).run(done)
        # What one entry owes is not what the mark is about.
        if upto.name is None and not upto.dry_run and installation.rolled_back_at is not None:
            state.definitions.mark_rolled_back(None)
            done.cleared = True
    return done


def _names(state: State, lines: Lines, upto: Upto) -> Iterator[list[str]]:
    """Yield the names to look at, a batch at a time."""
    if upto.name is not None:
        lines.one(upto.name, state.records.load([upto.name]).get(upto.name))
        yield [upto.name]
        return
    for page in lines.all_names():
        for at in range(0, len(page), BATCH):
            yield page[at : at + BATCH]


class _Batch:
    def __init__(self, state: State, lines: Lines, names: Sequence[str], upto: Upto, installed: int) -> None:
        self._state = state
        self._upto = upto
        self._installed = installed
        records = state.records.load(names)
        self._lines = {**dict.fromkeys(records, ()), **lines.of(names, records)}
        self._records: dict[str, Record | None] = {**dict.fromkeys(self._lines), **records}

    def run(self, done: Forwarded) -> None:
        """Step until nothing of these entries is owed any more."""
        touched: set[str] = set()
        for _ in range(ROUNDS):
            items = [item for name in self._lines if (item := self._next(name)) is not None]
            if not items:
                break
            for item, answer in zip(items, self._step(items), strict=True):
                self._records[item.name] = item.record if answer.stored else answer.record
                counts = [each.count or 0 for each in item.dispositions if each.note is not None]
                if answer.stored and counts:
                    touched.add(item.name)
                    done.fires += sum(counts)
        else:
            done.left += [name for name in self._lines if self._next(name) is not None]
        done.entries += len(touched)
        done.left += [name for name, line in self._lines.items() if self._is_left(line, self._records[name])]

    def _next(self, name: str) -> Item | None:
        moment = Moment(self._state.clock.now(), random.getrandbits(63), self._installed)
        return forward(name, self._lines[name], self._records[name], moment, (self._upto.moment, self._upto.note))

    def _step(self, items: Sequence[Item]) -> list[Answer]:
        if self._upto.dry_run:
            return [Answer(stored=True, record=item.record) for item in items]
        return self._state.records.step(items)

    def _is_left(self, line: Line, record: Record | None) -> bool:
        """Return whether a version is not known, or this code cannot read one: what it owes cannot be told."""
        if record is None or (record.removed and not line):
            return False
        known = any(each.number == record.version for each in line)
        return not known or any(each.unreadable for each in line)
