"""The namespace's set on a Redis server, one revision at a time, with every version still needed."""

import random
import threading
from collections.abc import Sequence
from uuid import uuid4

import msgspec

from beatd.core.entry import Draft, Version
from beatd.errors import ForeignSetError, StaleSetError, StoreError
from beatd.ports import Applied, Clock, Installation
from beatd.rediskit.pages import pages
from beatd.rediskit.server import Server
from beatd.stores.holder import here
from beatd.stores.redis.install import installation_of, new_state, remember
from beatd.stores.redis.revision import carried_by, first_applied, refuse_stale
from beatd.stores.sets import Known, compare, digest_of, fingerprints, refuse_foreign

PAGE = 500
TRIES = 20
ALONE_MS = 10_000
"""For how long a scheduler that applies a set keeps others from it without a sign of life."""

_TOLD = msgspec.msgpack.Decoder(list[str])
_CONTENT = msgspec.json.Decoder(tuple[int, str, str | None, str | None])


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

    def apply(self, drafts: Sequence[Draft], *, holder: str, replace: bool = False) -> Applied:
        """Make these drafts the set, unless it is stale or another project's."""
        prints = fingerprints(drafts)
        digest = digest_of(prints)
        try:
            applied = self._apply(drafts, prints, digest, holder, replace=replace)
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
            found += [_version_of(*told[at : at + 3]) for at in range(0, len(told), 3) if told[at + 2]]
        return found

    def mark_rolled_back(self, at: int | None) -> None:
        """Set or clear the mark under which no scheduler emits."""
        self.install()
        key = f"{self._server.prefix}state"
        self._server.command(*(("HDEL", key, "rolled_back_at") if at is None else ("HSET", key, "rolled_back_at", at)))

    def _apply(
        self, drafts: Sequence[Draft], prints: dict[str, int], digest: str, holder: str, *, replace: bool
    ) -> Applied:
        for _ in range(TRIES):
            state = self.install()
            if state.digest == digest:
                return Applied(revision=state.revision)
            token = self._begin()
            done = False
            try:
                state, now, known = self.install(), self._clock.now(), self._newest()
                if state.digest == digest:
                    return Applied(revision=state.revision)
                if not replace:
                    self._refuse(prints, known, state.digest, digest, holder, now)
                applied = compare(known, prints, state.revision + 1)
                first = first_applied(self._server, digest)
                # Replacing by hand says that this set is now the newest, or the hosts it replaced would undo it.
                first = now if first is None or replace else first
                written = self._define(drafts, prints, applied, now, token)
                done = bool(written and self._server.run("commit", token, applied.revision, digest, first))
            finally:
                if not done:
                    self._server.run("commit", token, 0, False, 0)
            if done:
                return applied
        raise StoreError("the set could not be applied: other schedulers apply theirs again and again")

    def _begin(self) -> str:
        """Return the token under which this one alone applies a set. Raises StoreError while another one does."""
        token = uuid4().hex
        for _ in range(TRIES):
            left = 1
            while left > 0:
                left = self._server.run("begin", token, ALONE_MS)
            if left == 0:
                return token
            threading.Event().wait(random.uniform(0.5, 1.5) * ALONE_MS / 10_000)
        raise StoreError("another scheduler has been applying its set for long; try again")

    def _refuse(
        self, prints: dict[str, int], known: dict[str, Known], former: str, digest: str, holder: str, now: int
    ) -> None:
        """Raise StaleSetError for a set that may not replace the one that is known."""
        refuse_stale(self._server, digest, holder, now)
        own = carried_by(self._server, holder) == former
        refuse_foreign(prints, known, self._server.namespace, own=own)

    def _define(self, drafts: Sequence[Draft], prints: dict[str, int], applied: Applied, now: int, token: str) -> bool:
        """Write the definitions, a page at a time; False where another one applies a set by now."""
        touched = {*applied.added, *applied.changed}
        contents = [
            (draft.name, _content_of(draft, prints[draft.name], now)) for draft in drafts if draft.name in touched
        ]
        contents += [(name, _content_of(None, 0, now)) for name in applied.removed]
        return all(
            self._server.run("define", token, ALONE_MS, applied.revision, now, *zip(*page, strict=True))
            for page in pages(contents, PAGE)
        )

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


def _content_of(draft: Draft | None, fingerprint: int, now: int) -> str:
    """Return ``+FINGERPRINT JSON`` for a draft; for None, a removal, ``-0 JSON``."""
    if draft is None:
        return "-0 " + msgspec.json.encode((now, "file", None, None)).decode()
    return f"+{fingerprint} {msgspec.json.encode((now, *draft.told())).decode()}"


def _version_of(name: str, number: str, value: str) -> Version:
    """Return the version that a value holds."""
    head, _, text = value.partition(" ")
    changed_at, source, document, error = _CONTENT.decode(text)
    return Version.stored(name, int(number), changed_at, int(head[1:]), source, document, error)
