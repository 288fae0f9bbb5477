"""The sources of a scheduler, read as one set and applied to the store."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from beatd.core.entry import Draft
from beatd.errors import DefinitionError, ForeignSetError, StaleSetError
from beatd.ports import Definitions, Source

LOOKS_BETWEEN_TRIES = 5
_log = logging.getLogger("beatd.scheduler")


class SourceSet:
    """Files and code, applied as one set; a source that cannot be read counts as it was when it could be."""

    def __init__(
        self,
        sources: Sequence[Source],
        definitions: Definitions,
        holder: str,
        *,
        replace: bool = False,
        strict: bool = False,
        sees_finish: bool = True,
    ) -> None:
        """``sees_finish``: whether the store learns when a message has ended."""
        self._sees_finish = sees_finish
        self._sources = sources
        self._definitions = definitions
        self._holder = holder
        self._replace = replace
        self._strict = strict
        self._loaded: list[list[Draft] | None] = [None] * len(sources)
        self._broken: set[int] = set()
        self._left_out: set[str] = set()
        self._elsewhere: Mapping[str, str] = {}
        self._looks = 0
        self.refused: str | None = None
        self.elsewhere: Callable[[Sequence[str]], Mapping[str, str]] = lambda _: {}
        """Names → those that belong to a table, each with which; the set leaves them out."""
        self.contested: Callable[[], bool] = lambda: False
        """Whether the set has a name that a table has, too, and that it is to leave out."""
        self.above: Callable[[], int] = lambda: 0
        """A number above which the set's next revision is numbered."""

    def start(self, *, again: bool = False) -> None:
        """Read and apply for the first time. ``again``: this holder did so before, and it is a broken edit by now.

        Raises DefinitionError where a source cannot be read (``strict``: or holds a bad entry), ForeignSetError where
        the set is another project's.
        """
        for place, source in enumerate(self._sources):
            if again:
                self._read_again(place)
            else:
                self._loaded[place] = source.load()
        if self._strict and not again:
            self._refuse_bad(list(self._together()))
        try:
            self._apply()
        except ForeignSetError:
            raise
        except StaleSetError as error:
            self._say_refused(error)

    def reload(self, *, forced: bool = False) -> None:
        """Read again what changed (``forced``: everything) and apply it; what is wrong is said, and the old goes on."""
        # Every source is asked, because asking also takes note of the state it is in now.
        changed = [place for place, source in enumerate(self._sources) if source.changed() or forced]
        self._looks += 1
        tries = self.refused and self._looks % LOOKS_BETWEEN_TRIES == 0
        if not (changed or tries or self._was_freed() or (self.refused is None and self.contested())):
            return
        for place in changed:
            self._read_again(place)
        try:
            self._apply()
        except StaleSetError as error:
            self._say_refused(error)

    def _refuse_bad(self, drafts: Sequence[Draft]) -> None:
        elsewhere = self.elsewhere([draft.name for draft in drafts])
        for draft in drafts:
            if draft.error is not None:
                where, _, reason = draft.error.partition(": ")
                raise DefinitionError(where, reason)
            if draft.name in elsewhere:
                reason = f"name is taken: {draft.name} is already defined at {elsewhere[draft.name]}"
                raise DefinitionError(draft.place, reason)

    def _was_freed(self) -> bool:
        """Return whether a table has dropped a name that was left to it."""
        return bool(self._elsewhere) and self.elsewhere(list(self._elsewhere)).keys() != self._elsewhere.keys()

    def _read_again(self, place: int) -> None:
        try:
            self._loaded[place] = self._sources[place].load()
        except DefinitionError as error:
            self._broken.add(place)
            _log.error("edit not taken, the former set goes on: %s", error, extra={"action": "broken_edit"})
            return
        if place in self._broken:
            self._broken.discard(place)
            _log.info("%s can be read again", self._sources[place].name, extra={"action": "mended_edit"})

    def _apply(self) -> None:
        """Apply what was read. Raises StaleSetError where the store's set is newer, or another project's."""
        if not self._sources or None in self._loaded:
            # What a source that cannot be read would define is not known: the store's set goes on.
            return
        drafts = self._own(list(self._together()))
        applied = self._definitions.apply(drafts, holder=self._holder, replace=self._replace, above=self.above())
        self._replace, self.refused = False, None
        touched = {*applied.added, *applied.changed}
        for draft in drafts:
            if draft.error is not None and draft.name in touched:
                fields = {"action": "quarantined", "entry": draft.name}
                _log.error("entry quarantined: %s", draft.error, extra=fields)
        for action in ("added", "changed", "removed"):
            for name in getattr(applied, action):
                _log.info("entry %s: %s", action, name, extra={"action": f"entry_{action}", "entry": name})

    def _own(self, drafts: list[Draft]) -> list[Draft]:
        """Return the drafts but those whose name belongs to a table."""
        self._elsewhere = self.elsewhere([draft.name for draft in drafts])
        own = []
        for draft in drafts:
            if (place := self._elsewhere.get(draft.name)) is None:
                own.append(draft)
            else:
                self._leave_out(draft, place)
        return own

    def _together(self) -> Iterator[Draft]:
        """Yield the drafts of all sources; of two with one name the first."""
        taken: dict[str, Draft] = {}
        for drafts in self._loaded:
            for draft in drafts or ():
                former = taken.setdefault(draft.name, draft)
                if former is draft:
                    yield draft if self._sees_finish else draft.without_ends()
                    continue
                self._leave_out(draft, former.place)

    def _leave_out(self, draft: Draft, place: str) -> None:
        if draft.place not in self._left_out:
            said = "name is taken: %s is already defined at %s; the one at %s is left out"
            fields = {"action": "name_taken", "entry": draft.name}
            _log.error(said, draft.name, place, draft.place, extra=fields)
        self._left_out.add(draft.place)

    def _say_refused(self, error: StaleSetError) -> None:
        """Say once why the set is not applied; it is tried again with every look at the sources."""
        if str(error) != self.refused:
            _log.warning("set not applied, the store's set goes on: %s", error, extra={"action": "set_refused"})
        self.refused = str(error)
