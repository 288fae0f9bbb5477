"""A set of entries as such: what it is called by, and how it differs from the one before."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec

from beatd.core.entry import SECOND, Draft, Entry
from beatd.core.identity import stable_hash
from beatd.errors import ForeignSetError, StaleSetError, StoreError
from beatd.ports import Applied

VANISHED_FOR = 600 * SECOND
"""How long a scheduler that vanished without a graceful stop still speaks for its set."""

_DEFAULTS = Entry(name="", task="", schedule="").fields()


class Known(NamedTuple):
    """The newest version of a name, as far as a comparison needs it."""

    fingerprint: int
    removed: bool


def fingerprints(drafts: Sequence[Draft]) -> dict[str, int]:
    """Return each draft's fingerprint by name. Raises StoreError for a name that is defined twice."""
    places: dict[str, str] = {}
    for draft in drafts:
        if draft.name in places:
            msg = f"{draft.place}: {draft.name!r} is defined twice, first at {places[draft.name]}"
            raise StoreError(msg)
        places[draft.name] = draft.place
    return {draft.name: _fingerprint(draft) for draft in drafts}


def _fingerprint(draft: Draft) -> int:
    if draft.entry is None:
        return stable_hash("error", draft.error or "")
    # Without the defaults, so that a field added by a later version of this program is no edit.
    told = {name: value for name, value in draft.entry.fields().items() if value != _DEFAULTS[name]}
    return stable_hash("entry", msgspec.json.encode(told, order="sorted").decode())


def digest_of(prints: Mapping[str, int]) -> str:
    """Return what tells a set from any other."""
    return sha256("\n".join(f"{prints[name]} {name}" for name in sorted(prints)).encode()).hexdigest()


def compare(known: Mapping[str, Known], prints: Mapping[str, int], revision: int) -> Applied:
    """Return what changes when a set takes the place of the one that is known."""
    there = {name for name, version in known.items() if not version.removed}
    return Applied(
        revision=revision,
        added=tuple(sorted(prints.keys() - there)),
        changed=tuple(sorted(name for name in prints.keys() & there if known[name].fingerprint != prints[name])),
        removed=tuple(sorted(there - prints.keys())),
    )


def stale_beside(carrier: str, host: str, pid: int | str, *, live: bool) -> StaleSetError:
    """Return the error of a set that was first applied before the one that this scheduler carries."""
    manner = "runs" if live else "vanished less than 10 minutes ago without a graceful stop"
    return StaleSetError(
        f"this set of schedules is older than the one of scheduler {carrier!r} (host {host}, pid {pid}), which "
        f"{manner}; deploy the newer files here, stop that scheduler, or pass --replace-set"
    )


def refuse_foreign(names: Collection[str], known: Mapping[str, Known], namespace: str, *, own: bool) -> None:
    """Raise ForeignSetError for a set that shares no name with the current one.

    ``own``: whoever applies it carries the current one.
    """
    # Who carries the set that is in force is editing its own, whatever it renames. A file that is empty all at once is
    # more likely half written.
    if own and names:
        return
    current = [name for name, version in known.items() if not version.removed]
    if not current or not set(current).isdisjoint(names):
        return
    shown = ", ".join(repr(name) for name in sorted(current)[:3]) + (", …" if len(current) > 3 else "")
    msg = (
        f"these schedules share no name with the {len(current)} that namespace {namespace!r} holds ({shown}); another "
        "project's? give this one its own `namespace`, or pass --replace-set"
    )
    raise ForeignSetError(msg)
