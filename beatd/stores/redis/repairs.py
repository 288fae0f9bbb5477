"""Mending a state that was lost, swapped or changed behind the engine's back, on a Redis server."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import uuid4

from beatd.ports import Clock, Installation
from beatd.rediskit.pages import pages
from beatd.rediskit.server import Server
from beatd.stores.redis.applying import PAGE, TRIES, Applying
from beatd.stores.redis.install import FIELDS, installation_of, new_state
from beatd.stores.redis.version import content_of, copied


class _Lost(NamedTuple):
    """A record whose version is not held: the name, that version, and the number and value of the name's newest."""

    name: str
    version: int
    newest: int | None
    content: str


class RedisRepairs:
    """The port ``Repairs``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def find(self) -> Installation | None:
        """Return the namespace's state, None where there is none."""
        fields = self._server.command("HMGET", f"{self._server.prefix}state", *FIELDS)
        return None if fields[0] is None else installation_of(fields)

    def confirm(self, *, since: int, replaces: Sequence[str]) -> Installation:
        """Give the namespace's state a new id, in place of these, and let it owe fires from ``since`` on."""
        made, fresh = new_state(self._server.layout), str(uuid4())
        return installation_of(self._server.run("confirm", self._clock.now(), made, fresh, since, list(replaces)))

    def lost(self, place: str, size: int) -> tuple[list[str], str]:
        """Return the names of a page of records whose version is not held, and the place from which to go on."""
        following, told = self._server.run("lost", False, place or "0", size)
        cursor = following.decode()
        return [each.name for each in _read(told)], "" if cursor == "0" else cursor

    def mend(self, names: Sequence[str]) -> list[str]:
        """Return those of these names whose record's version is not held, each with what follows it by now."""
        lost = self._lost_of(names)
        for _ in range(TRIES):
            if all(_has_successor(each) for each in lost):
                break
            with Applying(self._server) as applying:
                lost = self._lost_of(names)
                self._add(applying, [each for each in lost if not _has_successor(each)])
            lost = self._lost_of(names)
        return [each.name for each in lost]

    def _add(self, applying: Applying, lost: Sequence[_Lost]) -> None:
        state, now = self.find(), self._clock.now()
        if not lost or state is None:
            return
        revision = max(state.revision, *(each.version for each in lost)) + 1
        contents = [
            (each.name, copied(each.content, now) if each.content else content_of(None, 0, now)) for each in lost
        ]
        if applying.define(revision, now, contents):
            applying.commit(revision, f"mended {revision}", now)

    def _lost_of(self, names: Sequence[str]) -> list[_Lost]:
        return sorted(each for page in pages(names, PAGE) for each in _read(self._server.run("lost", page, "0", 0)[1]))


def _read(told: Sequence[bytes]) -> Iterator[_Lost]:
    words = [word.decode() for word in told]
    for name, version, newest, content in zip(words[::4], words[1::4], words[2::4], words[3::4], strict=True):
        yield _Lost(name, int(version), int(newest) if newest else None, content)


def _has_successor(lost: _Lost) -> bool:
    return lost.newest is not None and lost.newest > lost.version
