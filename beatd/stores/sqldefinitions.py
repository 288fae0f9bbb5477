"""The namespace's set in a SQL database, one revision at a time, with every version still needed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, literal_column, or_, select

from beatd.core.entry import Draft, Version
from beatd.errors import ForeignSetError, StaleSetError
from beatd.ports import Applied, Clock, Installation
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import insert_all, is_one_of, through
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.statement import Statement
from beatd.stores import sqlinstall, sqlrevision
from beatd.stores.sets import Known, compare, digest_of, fingerprints, refuse_foreign
from beatd.stores.sqltenures import of_set

PAGE = 10_000

_d, _e = schema.definitions.c, schema.entries.c
_COLUMNS = tuple(column.name for column in schema.definitions.columns if column.name not in {"generation", "since"})
_INSERT = Statement(lambda: insert_all(schema.definitions, _COLUMNS))
_VERSIONS = Statement(
    lambda: (
        select(_d.name, _d.fingerprint, (_d.entry.is_(None) & _d.error.is_(None)).label("removed"))
        .where(_d.namespace == bindparam("namespace"), of_set(_d))
        .order_by(_d.name, _d.number)
    )
)


def _needed() -> Select[Any]:
    of_name = and_(_e.namespace == _d.namespace, _e.name == _d.name)
    return (
        select(_d.name, _d.number, _d.changed_at, _d.fingerprint, _d.source, _d.entry, _d.error)
        .join_from(schema.definitions, schema.entries, of_name, isouter=True)
        .where(
            _d.namespace == bindparam("namespace"),
            _d.number <= bindparam("newest"),
            of_set(_d),
            or_(_e.version.is_(None), _d.number >= _e.version, _e.removed == literal_column("1")),
        )
        .order_by(_d.name, _d.number)
    )


def _needed_page() -> Select[Any]:
    beyond = or_(_d.name > bindparam("name"), and_(_d.name == bindparam("name"), _d.number > bindparam("number")))
    return _needed().where(_d.name >= bindparam("name"), beyond).limit(bindparam("page"))


_NEEDED = Statement(_needed_page)
_NEEDED_OF = Statement(lambda: _needed().where(is_one_of(_d.name, "names")))
_TOUCHED = Statement(
    lambda: (
        select(_d.name)
        .distinct()
        .where(
            _d.namespace == bindparam("namespace"),
            _d.number > bindparam("after"),
            _d.number <= bindparam("newest"),
            of_set(_d),
            through(_d.changed_at),
        )
    )
)


class SqlDefinitions:
    """The port ``Definitions``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._alone = ("set", namespace)

    def install(self) -> Installation:
        """Create the namespace's state if it is not there, and return it."""
        with self._db.read() as connection:
            found = sqlinstall.find(connection, self._namespace)
        if found is not None:
            return found
        with self._db.write(alone=self._alone) as connection:
            return sqlinstall.install(connection, self._namespace, self._clock.now())

    def remember_libraries(self) -> dict[str, tuple[str | None, str | None]]:
        """Keep the versions of what computes fire times; return (former, present) of those that changed."""
        with self._db.write(alone=self._alone) as connection:
            sqlinstall.install(connection, self._namespace, self._clock.now())
            return sqlinstall.remember(connection, self._namespace)

    def apply(self, drafts: Sequence[Draft], *, holder: str, replace: bool = False, above: int = 0) -> Applied:
        """Make these drafts the set, unless it is stale or another project's."""
        prints = fingerprints(drafts)
        digest = digest_of(prints)
        try:
            return self._apply(drafts, prints, digest, holder, replace=replace, above=above)
        except ForeignSetError:
            raise
        except StaleSetError:
            # It carries this set all the same, so that others that go back to it find nobody with the later one.
            with self._db.write() as connection:
                state = sqlinstall.install(connection, self._namespace, self._clock.now())
                sqlrevision.carry(connection, self._namespace, holder, digest, state.revision, self._clock.now())
            raise

    def _apply(
        self, drafts: Sequence[Draft], prints: dict[str, int], digest: str, holder: str, *, replace: bool, above: int
    ) -> Applied:
        # Whoever applies a set reads all of it and writes the next revision: one at a time. Then revisions become
        # visible in the order of their numbers, and whoever has read up to one has missed none below it.
        with self._db.write(alone=self._alone) as connection:
            now = self._clock.now()
            state = sqlinstall.install(connection, self._namespace, now)
            if state.digest != digest:
                known = _newest(connection, self._namespace)
                if not replace:
                    sqlrevision.refuse_stale(connection, self._namespace, digest, holder, now)
                    own = sqlrevision.carried_by(connection, self._namespace, holder) == state.digest
                    refuse_foreign(prints, known, self._namespace, own=own)
                applied = compare(known, prints, max(state.revision, above) + 1)
                # The first set of a state that an operator began anew is taken as if it had been there from then on.
                begun = state.revision == 0 and bool(state.replaces)
                self._write(connection, drafts, prints, applied, min(now, state.since) if begun else now)
                self._make_current(connection, applied.revision, digest, now, replace=replace)
            else:
                applied = Applied(revision=state.revision)
            sqlrevision.carry(connection, self._namespace, holder, digest, applied.revision, now)
            return applied

    def load(self, after: int = 0, *, names: Sequence[str] | None = None) -> list[Version]:
        """Return the versions that records still need, by name and number; ``after``: only of names touched since."""
        with self._db.read() as connection:
            state = sqlinstall.find(connection, self._namespace)
            # One revision for all pages: what becomes current meanwhile is read whole the next time.
            newest = 0 if state is None else state.revision
            if newest <= after:
                return []
            if after:
                told = {"namespace": self._namespace, "after": after, "newest": newest}
                touched = {name for (name,) in _TOUCHED.rows(connection, **told)}
                names = sorted(touched if names is None else touched.intersection(names))
        return self._load_all(newest) if names is None else self._load_of(names, newest)

    def _load_of(self, names: Sequence[str], newest: int) -> list[Version]:
        found: list[Version] = []
        for at in range(0, len(names), PAGE):
            told = {"namespace": self._namespace, "newest": newest, "names": as_json(names[at : at + PAGE])}
            with self._db.read() as connection:
                found += [Version.stored(*row) for row in _NEEDED_OF.rows(connection, **told)]
        return found

    def _load_all(self, newest: int) -> list[Version]:
        told = {"namespace": self._namespace, "newest": newest, "page": PAGE}
        found: list[Version] = []
        name, number, full = "", 0, True
        while full:
            with self._db.read() as connection:
                rows = _NEEDED.rows(connection, **told, name=name, number=number)
            found.extend(Version.stored(*row) for row in rows)
            full = len(rows) == PAGE
            if full:
                name, number = found[-1].name, found[-1].number
        return found

    def mark_rolled_back(self, at: int | None) -> None:
        """Set or clear the mark under which no scheduler emits."""
        with self._db.write() as connection:
            sqlinstall.install(connection, self._namespace, self._clock.now())
            sqlinstall.mark(connection, self._namespace, at)

    def _write(
        self, connection: Connection, drafts: Sequence[Draft], prints: dict[str, int], applied: Applied, now: int
    ) -> None:
        touched = {*applied.added, *applied.changed}
        common = {"namespace": self._namespace, "number": applied.revision, "changed_at": now}
        gone = {"fingerprint": 0, "source": "file", "entry": None, "error": None}
        # Made as they are sent: a server ends a transaction in which nothing is heard for long.
        _INSERT.many(
            connection,
            (
                {**common, "fingerprint": prints[draft.name], **_content(draft)}
                for draft in drafts
                if draft.name in touched
            ),
        )
        _INSERT.many(connection, ({**common, **gone, "name": name} for name in applied.removed))

    def _make_current(self, connection: Connection, revision: int, digest: str, now: int, *, replace: bool) -> None:
        known = sqlrevision.first_applied(connection, self._namespace, digest)
        # Replacing by hand says that this set is now the newest, or the hosts it replaced would undo it.
        first = now if known is None or replace else known
        sqlrevision.make_current(connection, self._namespace, revision, digest, first)


def _newest(connection: Connection, namespace: str) -> dict[str, Known]:
    # By number, so that the last one of each name stays.
    return {
        row.name: Known(row.fingerprint, bool(row.removed)) for row in _VERSIONS.rows(connection, namespace=namespace)
    }


def _content(draft: Draft) -> dict[str, Any]:
    source, entry, error = draft.told()
    return {"name": draft.name, "source": source, "entry": entry, "error": error}
