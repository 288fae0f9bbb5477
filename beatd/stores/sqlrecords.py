"""Records in a SQL database."""

from collections.abc import Callable, Sequence

from beatd.core.record import Answer, Item, Record
from beatd.ports import Clock
from beatd.sqlkit.database import Database
from beatd.sqlkit.records import noticing, read, record_of
from beatd.stores.sqlrow import PAGE, read_noticed, read_page
from beatd.stores.sqlstep import Step, stands_alone


class SqlRecords:
    """The port ``Records``; ``history``: "all", "exceptions" (only what was not emitted) or "none"."""

    sees_finish = True

    def __init__(self, db: Database, namespace: str, clock: Clock, history: str = "all") -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._history = history

    def load(self, names: Sequence[str] | None = None) -> dict[str, Record]:
        """Return the records of these names, or of all; tombstones included."""
        if names is None:
            return self._load_all()
        with self._db.read(once=True) as connection:
            return {row.name: record_of(row) for row in read(connection, self._namespace, names)}

    def _load_all(self) -> dict[str, Record]:
        found: dict[str, Record] = {}
        after, full = "", True
        while full:
            with self._db.read(once=True) as connection:
                rows = read_page(connection, self._namespace, after)
            found.update((row.name, record_of(row)) for row in rows)
            full = len(rows) == PAGE
            after = rows[-1].name if rows else after
        return found

    def step(self, items: Sequence[Item]) -> list[Answer]:
        """Carry out each item whose expectation holds, in one transaction."""
        if not items:
            return []
        with self._db.write(alone=noticing(self._namespace) if stands_alone(items) else None) as connection:
            answers = Step(connection, self._namespace, self._clock.now(), self._history).run(items)
            if any(answer.stored and item.emissions for item, answer in zip(items, answers, strict=True)):
                self._db.announce(connection, self._namespace)
        return answers

    def begin(self, items: Sequence[Item]) -> Callable[[], list[Answer]]:
        """Carry a step out: a transaction is not left open while others are made ready."""
        answers = self.step(items)
        return lambda: answers

    def noticed(self, since: int) -> tuple[int, dict[str, Record]]:
        """Return a mark, and the records changed by ``notice`` items after the mark ``since``."""
        with self._db.read(once=True) as connection:
            rows = read_noticed(connection, self._namespace, since)
        mark = max((row.noticed_at for row in rows), default=since)
        return mark, {row.name: record_of(row) for row in rows}
