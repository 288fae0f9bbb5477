"""One step: the items whose expectation holds, in the writer's transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select
from sqlalchemy.types import Text

from beatd.core.ending import Ending
from beatd.core.message import Message
from beatd.core.record import Answer, DeadLetter, Item, Record, Sent, too_large_in
from beatd.sqlkit import fires, holding, messages, records, schema
from beatd.sqlkit.dialect import in_order_of, is_one_of, members, there
from beatd.sqlkit.ending import Ends
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.revoking import cancel
from beatd.sqlkit.statement import Statement
from beatd.stores import sqltenures
from beatd.stores.sqltenures import of_set

_e, _d = schema.entries.c, schema.definitions.c
_NONE = -1
_SEQS = Statement(
    # Locked first, in order of name, as every transaction does that touches records: no two can wait for each other.
    lambda: (
        select(_e.name, _e.seq, records.is_tracked().label("tracked"))
        .where(_e.namespace == bindparam("namespace"), is_one_of(_e.name, "names"))
        .order_by(in_order_of(_e.name))
        .with_for_update()
    )
)


def _held() -> Select[Any]:
    name, number, fingerprint = members("versions", Text(), schema.Big, schema.Big)
    same = (_d.name == name, _d.number == number, _d.fingerprint == fingerprint)
    return select(name, number).where(there(_d.namespace == bindparam("namespace"), of_set(_d), *same))


_HELD = Statement(_held)
_FIRST = Statement(
    lambda: (
        select(_d.name, func.min(_d.number))
        .where(
            _d.namespace == bindparam("namespace"),
            is_one_of(_d.name, "names"),
            of_set(_d),
            or_(_d.entry.is_not(None), _d.error.is_not(None)),
        )
        .group_by(_d.name)
    )
)


def _of_set(item: Item) -> bool:
    return item.takes_in and not item.of_row


def stands_alone(items: Sequence[Item]) -> bool:
    """Return whether a step must not run beside another one that does.

    A first record has no row yet that two schedulers could meet at. An item that rests on a message which is gone
    leaves a mark of notice, too.
    """
    return any(item.expected is None or item.notice or item.rests_on is not None for item in items)


class Step:
    """Judges items in order and gathers what they write, then writes it in a few statements."""

    def __init__(self, connection: Connection, namespace: str, now: int, history: str) -> None:
        self._connection = connection
        self._namespace = namespace
        self._now = now
        self._history = history
        self._records: dict[str, dict[str, Any]] = {}
        self._messages: list[Message] = []
        self._letters: list[DeadLetter] = []
        self._taken: list[Item] = []
        self._fires: list[fires.Row] = []
        self._held_back: set[str] = set()
        self._releases: list[str] = []
        self._cancels: list[tuple[str, str]] = []
        self._timed_out: list[tuple[str, Sent]] = []
        self._ended: list[Ending] = []

    def run(self, items: Sequence[Item]) -> list[Answer]:
        """Carry the items out and return the answers in their order."""
        self._read(items)
        answers = [self._judge(item) for item in items]
        self._write()
        lost = [item.name for item, answer in zip(items, answers, strict=True) if not answer.stored]
        if lost:
            self._tell(items, answers, lost)
        return answers

    def _read(self, items: Sequence[Item]) -> None:
        connection, namespace = self._connection, self._namespace
        names = as_json([item.name for item in items])
        rows = _SEQS.rows(connection, namespace=namespace, names=names)
        self._seqs: dict[str, int] = {row.name: row.seq for row in rows}
        self._tracked = {row.name for row in rows if row.tracked}
        taken = [(item.name, item.record.version, item.record.fingerprint) for item in items if _of_set(item)]
        self._held: set[tuple[str, int]] = set()
        if taken:
            rows = _HELD.rows(connection, namespace=namespace, versions=as_json(taken))
            self._held = {(name, number) for name, number in rows}
        # A first record begins with the first definition of its name: whoever knows only later ones has read them
        # while there was a record, which a store that went back has lost.
        new = [item.name for item in items if item.expected is None and not item.of_row]
        self._first = dict(_FIRST.rows(connection, namespace=namespace, names=as_json(new))) if new else {}
        sent = [emission.message for item in items for emission in item.emissions]
        self._known = messages.known_ids(connection, namespace, sent)
        self._mark = 0
        if any(item.notice for item in items):
            self._mark = records.next_notice(connection, namespace, self._now)
        rested_on = [item.rests_on.id for item in items if item.rests_on is not None]
        self._unfinished = holding.unfinished(connection, namespace, rested_on)

    def _judge(self, item: Item) -> Answer:
        if self._seqs.get(item.name) != item.expected:
            return Answer(stored=False, record=None)
        if not self._holds(item):
            return Answer(stored=False, record=None, unheld=True)
        refused = too_large_in(item.emissions)
        if refused:
            return Answer(stored=False, record=None, refused=refused)
        if item.rests_on is not None and item.rests_on.id not in self._unfinished:
            # It ended in a way that told the record nothing. No other item of this step may be built on that record.
            self._ended.append(Ending(item.name, item.rests_on.id, item.rests_on.fire_time))
            self._seqs[item.name] = _NONE
            return Answer(stored=False, record=None)
        return Answer(stored=True, record=item.record, repeated=self._take(item))

    def _holds(self, item: Item) -> bool:
        version = item.record.version
        if item.of_row:
            return True
        if item.expected is None and self._first.get(item.name) != version:
            return False
        return not item.takes_in or (item.name, version) in self._held

    def _take(self, item: Item) -> tuple[str, ...]:
        record = item.record
        self._seqs[item.name] = record.seq
        former = self._records.pop(item.name, None)
        noticed_at = self._mark if item.notice else former["noticed_at"] if former else 0
        self._records[item.name] = records.row_of(
            item.name, record, self._namespace, noticed_at, tracked=item.name in self._tracked
        )
        if record.tracking is not None:
            self._tracked.add(item.name)
        self._hold(item)
        if item.takes_in and item.begins is not None:
            self._taken.append(item)
        self._letters += item.letters
        repeated = []
        for emission in item.emissions:
            if emission.message.id in self._known:
                repeated.append(emission.message.id)
            else:
                self._known.add(emission.message.id)
                self._emit(emission.message, record)
        self._dispose(item)
        return tuple(repeated)

    def _hold(self, item: Item) -> None:
        tracking = item.record.tracking
        if tracking is not None and tracking.held is not None:
            self._held_back.add(tracking.held.id)
        self._unfinished.update(emission.message.id for emission in item.emissions)
        self._releases += item.releases
        self._cancels += item.cancels
        if item.timed_out is not None:
            self._timed_out.append((item.name, item.timed_out))

    def _emit(self, message: Message, record: Record) -> None:
        self._messages.append(message)
        if self._history == "all":
            row = fires.of_message(
                message,
                self._namespace,
                self._now,
                reason=fires.EMITTED,
                generation=record.generation,
                version=record.version,
            )
            self._fires.append(row)

    def _dispose(self, item: Item) -> None:
        # Closed also where no history is kept any more: a range left open would hold the fires to come.
        if item.closes is not None:
            # An earlier item of this step may have opened the range.
            fires.insert(self._connection, self._fires)
            self._fires = []
            fires.close(self._connection, self._namespace, item.closes, self._now)
        if self._history == "none":
            return
        for disposition in item.dispositions:
            self._fires.append(fires.of_disposition(disposition, self._namespace, self._now))

    def _write(self) -> None:
        connection, namespace, now = self._connection, self._namespace, self._now
        records.write(connection, self._records.values())
        sqltenures.note(connection, namespace, self._taken)
        messages.insert(connection, namespace, self._messages, now, self._held_back)
        messages.bury(connection, namespace, self._letters, now)
        fires.insert(connection, self._fires)
        holding.release(connection, namespace, self._releases, now)
        cancel(connection, namespace, self._cancels, now)
        holding.note_timed_out(connection, namespace, self._timed_out)
        ends = Ends(connection, namespace, now, [ending.entry for ending in self._ended])
        for ending in self._ended:
            ends.tell(ending)

    def _tell(self, items: Sequence[Item], answers: list[Answer], lost: list[str]) -> None:
        found = {row.name: records.record_of(row) for row in records.read(self._connection, self._namespace, lost)}
        for index, item in enumerate(items):
            answer = answers[index]
            if not answer.stored:
                record = found.get(item.name)
                answers[index] = Answer(stored=False, record=record, refused=answer.refused, unheld=answer.unheld)
