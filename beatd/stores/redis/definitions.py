"""The namespace's set on a Redis server, one revision at a time, with every version still needed."""

from collections.abc import Sequence

import msgspec

from beatd.core.entry import Draft, Version
from beatd.errors import ForeignSetError, StaleSetError, StoreError
from beatd.ports import Applied, Clock, Installation
from beatd.rediskit.pages import pages
from beatd.rediskit.server import Server
from beatd.stores.holder import here
from beatd.stores.redis.applying import PAGE, TRIES, Applying
from beatd.stores.redis.install import installation_of, new_state, remember
from beatd.stores.redis.revision import carried_by, first_applied, refuse_stale
from beatd.stores.redis.version import content_of, version_of
from beatd.stores.sets import Known, compare, digest_of, fingerprints, refuse_foreign

_TOLD = msgspec.msgpack.Decoder(list[str])


class RedisDefinitions:
    """The port ``Definitions``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def install(self) -> Installation:
        """Create the namespace's state if it is not there, and return it."""
        return installation_of(self._server.run("install", self._clock.now(), new_state(self._server.layout)))

    def remember_libraries(self) -> dict[str, tuple[str | None, str | None]]:
        """Keep the versions of what computes fire times; return (former, present) of those that changed."""
        self.install()
        return remember(self._server)

    def apply(self, drafts: Sequence[Draft], *, holder: str, replace: bool = False, above: int = 0) -> Applied:
        """Make these drafts the set, unless it is stale or another project's."""
        prints = fingerprints(drafts)
        digest = digest_of(prints)
        try:
            applied = self._apply(drafts, prints, digest, holder, replace=replace, above=above)
        except ForeignSetError:
            raise
        except StaleSetError:
            # It carries this set all the same, so that others that go back to it find nobody with the later one.
            self._carry(holder, self.install().revision, digest)
            raise
        self._carry(holder, applied.revision, digest)
        return applied

    def load(self, after: int = 0, *, names: Sequence[str] | None = None) -> list[Version]:
        """Return the versions that records still need, by name and number; ``after``: only of names touched since."""
        # One revision for all pages: what becomes current meanwhile is read whole the next time.
        newest = int(self._server.command("HGET", f"{self._server.prefix}state", "revision") or 0)
        if newest <= after:
            return []
        wanted = self._touched(after, newest) if after else set(self._newest() if names is None else names)
        found: list[Version] = []
        for page in pages(sorted(wanted if names is None else wanted.intersection(names)), PAGE):
            told = _TOLD.decode(self._server.run("versions", page, newest))
            found += [version_of(*told[at : at + 3]) for at in range(0, len(told), 3) if told[at + 2]]
        return found

    def mark_rolled_back(self, at: int | None) -> None:
        """Set or clear the mark under which no scheduler emits."""
        self.install()
        key = f"{self._server.prefix}state"
        self._server.command(*(("HDEL", key, "rolled_back_at") if at is None else ("HSET", key, "rolled_back_at", at)))

    def _apply(
        self, drafts: Sequence[Draft], prints: dict[str, int], digest: str, holder: str, *, replace: bool, above: int
    ) -> Applied:
        for _ in range(TRIES):
            state = self.install()
            if state.digest == digest:
                return Applied(revision=state.revision)
            with Applying(self._server) as applying:
                state, now, known = self.install(), self._clock.now(), self._newest()
                if state.digest == digest:
                    return Applied(revision=state.revision)
                if not replace:
                    self._refuse(prints, known, state.digest, digest, holder, now)
                applied = compare(known, prints, max(state.revision, above) + 1)
                first = first_applied(self._server, digest)
                # Replacing by hand says that this set is now the newest, or the hosts it replaced would undo it.
                first = now if first is None or replace else first
                # The first set of a state that an operator began anew is taken as if it had been there from then on.
                begun = state.revision == 0 and bool(state.replaces)
                changed_at = min(now, state.since) if begun else now
                contents = _contents(drafts, prints, applied, changed_at)
                written = applying.define(applied.revision, changed_at, contents)
                if written and applying.commit(applied.revision, digest, first):
                    return applied
        raise StoreError("the set could not be applied: other schedulers apply theirs again and again")

    def _refuse(
        self, prints: dict[str, int], known: dict[str, Known], former: str, digest: str, holder: str, now: int
    ) -> None:
        """Raise StaleSetError for a set that may not replace the one that is known."""
        refuse_stale(self._server, digest, holder, now)
        own = carried_by(self._server, holder) == former
        refuse_foreign(prints, known, self._server.namespace, own=own)

    def _carry(self, holder: str, revision: int, digest: str) -> None:
        where = here()
        scheduler = (holder, where["host"], str(where["pid"]))
        self._server.run("carry", self._clock.now(), scheduler, revision, digest)

    def _newest(self) -> dict[str, Known]:
        found: dict[str, Known] = {}
        cursor: int | None = None
        while cursor != 0:
            answer, pairs = self._server.command("HSCAN", f"{self._server.prefix}lines", cursor or 0, "COUNT", PAGE)
            cursor = int(answer)
            for at in range(0, len(pairs), 2):
                line = pairs[at + 1]
                found[pairs[at].decode()] = Known(int(line.partition(b" ")[0]), line.endswith(b"-"))
        return found

    def _touched(self, after: int, newest: int) -> set[str]:
        found = self._server.command("ZRANGEBYSCORE", f"{self._server.prefix}versions", f"({after}", newest)
        return {field.partition(b"\0")[0].decode() for field in found}


def _contents(
    drafts: Sequence[Draft], prints: dict[str, int], applied: Applied, changed_at: int
) -> list[tuple[str, str]]:
    touched = {*applied.added, *applied.changed}
    contents = [
        (draft.name, content_of(draft, prints[draft.name], changed_at)) for draft in drafts if draft.name in touched
    ]
    return contents + [(name, content_of(None, 0, changed_at)) for name in applied.removed]
