"""The sources of a scheduler, read as one set and applied to the store."""

import logging
from collections.abc import Sequence

from beatd.core.entry import Draft
from beatd.errors import DefinitionError, ForeignSetError, StaleSetError
from beatd.ports import Applied, Definitions, Source

_log = logging.getLogger("beatd.scheduler")


class SourceSet:
    """Files and code, applied as one set; a broken edit leaves the store's set as it is."""

    def __init__(
        self,
        sources: Sequence[Source],
        definitions: Definitions,
        holder: str,
        *,
        replace: bool = False,
        strict: bool = False,
    ) -> None:
        self._sources = sources
        self._definitions = definitions
        self._holder = holder
        self._replace = replace
        self._strict = strict
        self.refused: str | None = None

    def read(self) -> list[Draft]:
        """Return all drafts. Raises DefinitionError where a source cannot be read."""
        drafts: dict[str, Draft] = {}
        for source in self._sources:
            for draft in source.load():
                former = drafts.setdefault(draft.name, draft)
                if former is not draft:
                    _log.error(
                        "name is taken: %s is already defined at %s; the one at %s is left out",
                        draft.name,
                        former.place,
                        draft.place,
                        extra={"action": "name_taken", "entry": draft.name},
                    )
        for draft in drafts.values():
            if draft.error is not None:
                if self._strict:
                    raise DefinitionError(draft.place, draft.error)
                _log.error("entry quarantined: %s", draft.error, extra={"action": "quarantined", "entry": draft.name})
        return list(drafts.values())

    def start(self) -> None:
        """Apply for the first time. Raises where a source cannot be read, or the set belongs to another project."""
        try:
            self.apply()
        except ForeignSetError:
            raise
        except StaleSetError as error:
            self.say_refused(error)

    def apply(self) -> Applied | None:
        """Read and apply; None where the store's set is newer or another's. Raises DefinitionError."""
        if not self._sources:
            return None
        applied = self._definitions.apply(self.read(), holder=self._holder, replace=self._replace)
        self._replace, self.refused = False, None
        for action in ("added", "changed", "removed"):
            for name in getattr(applied, action):
                _log.info("entry %s: %s", action, name, extra={"action": f"entry_{action}", "entry": name})
        return applied

    def reload(self, *, forced: bool = False) -> None:
        """Apply again if a source changed; what is wrong is said, and the old set goes on."""
        # Every source is asked, because asking also takes note of the state it is in now.
        changed = [source.name for source in self._sources if source.changed()]
        if not (forced or self.refused or changed):
            return
        try:
            self.apply()
        except DefinitionError as error:
            _log.error("edit not taken, the former set goes on: %s", error, extra={"action": "broken_edit"})
        except StaleSetError as error:
            self.say_refused(error)

    def say_refused(self, error: StaleSetError) -> None:
        """Say once why the set is not applied; it is tried again with every look at the sources."""
        if str(error) != self.refused:
            _log.warning("set not applied, the store's set goes on: %s", error, extra={"action": "set_refused"})
        self.refused = str(error)
