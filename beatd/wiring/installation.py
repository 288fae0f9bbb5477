"""The state's id, kept apart from it too, so that a store that was lost or swapped is not mistaken for a new one."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from beatd.config.settings import Settings
from beatd.errors import BeatdError, StoreError
from beatd.ports import Installation, SchedulerInfo
from beatd.rowports import Known
from beatd.wiring.drivers import State, open_state
from beatd.wiring.entries import require_state
from beatd.wiring.places import Place, places

_log = logging.getLogger("beatd.scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """A namespace's state as people see it. ``kept``: where its id is kept apart from it, and the id there.

    ``problems``: why nothing is fired, in words.
    """

    namespace: str
    installation: Installation
    kept: Mapping[str, str | None]
    problems: tuple[str, ...]


def check_installation(settings: Settings, installation: Installation) -> None:
    """Compare the state's id with those known apart from it, where it is written the first time.

    Raises StoreError where they differ: what this state does not know of may have fired, and nobody would notice.
    DefinitionError, BrokerUnavailableError where it cannot be told.
    """
    with places(settings) as every:
        found = [(place, place.look()) for place in every]
        # All of them first: a state that is refused by one is not to be known in another.
        for place, known in found:
            _refuse_another(settings, installation, known.id, place.where)
        for place, known in found:
            if known.id != installation.id:
                _refuse_another(settings, installation, _kept(place, installation, known), place.where)


def _refuse_another(settings: Settings, state: Installation, known: str | None, where: str) -> None:
    if not _is_another(state, known):
        return
    raise StoreError(
        f"the state of namespace {settings.namespace!r} is not {known}, which is known in {where}: it was lost or "
        "replaced, or this is a copy, so nothing is fired; bring the former database back, or `beatd state init "
        "--from now|TIME` goes on with this one"
    )


def _is_another(state: Installation, known: str | None) -> bool:
    return known not in {None, state.id, *state.replaces}


def _kept(place: Place, state: Installation, known: Known) -> str | None:
    """Keep the id; return the one that is known then. Where that cannot be, say so: it fires all the same."""
    lacks = known.lacks
    if lacks is None:
        try:
            return place.keep(state.id, known.id)
        except BeatdError as error:
            lacks = str(error)
    said = "the id of the state is not kept in %s, so that another state would not be noticed there: %s"
    _log.warning(said, place.where, lacks, extra={"action": "state_not_kept"})
    return None


def state_view(settings: Settings) -> StateView:
    """Return how the state stands. Raises StoreError where there is none."""
    with closing(open_state(settings, create=False)) as state:
        found, schedulers = require_state(state, settings.namespace), _live(state)
    ids: dict[str, str | None] = {}
    why_not = []
    with places(settings) as every:
        for place in every:
            try:
                ids[place.where] = place.look().id
            except BeatdError as error:
                why_not.append(f"it cannot be told which state is known there: {error}")
    return StateView(
        namespace=settings.namespace,
        installation=found,
        kept=ids,
        problems=(*why_not, *_problems(found, ids, schedulers)),
    )


def init_state(settings: Settings, since: int, *, known: tuple[str, ...], forced: bool) -> Installation:
    """Let the state be the one to go on with, owing from ``since`` on (microseconds), in place of the one known.

    ``known``: ids that other hosts know. Raises StoreError where nothing is wrong, unless ``forced``.
    """
    with closing(open_state(settings)) as state, places(settings) as every:
        # Before anything is changed: an id that is left out would be one repair more to do.
        kept = {place.where: place.look() for place in every}
        ids = {where: each.id for where, each in kept.items()}
        found = state.repairs.find()
        schedulers = _live(state) if found is not None else []
        if found is not None and not forced and not known and not _problems(found, ids, schedulers):
            raise StoreError(
                f"the state of namespace {settings.namespace!r} is in order, so there is nothing to repair; --yes "
                "gives it a new id all the same"
            )
        told = [str(each.status["installation"]) for each in schedulers if each.status.get("installation")]
        here = [each for each in ids.values() if each is not None]
        made = state.repairs.confirm(since=since, replaces=[*known, *told, *here])
        for place in every:
            # Where it cannot be, the next start does it, and says why not: the one known there is replaced.
            with suppress(BeatdError):
                if kept[place.where].lacks is None:
                    place.keep(made.id, ids[place.where])
    return made


def _problems(
    state: Installation, kept: Mapping[str, str | None], schedulers: Sequence[SchedulerInfo]
) -> tuple[str, ...]:
    found = [
        f"another state is known in {where}, {known}: this one was put in its place, or the former was lost"
        for where, known in kept.items()
        if _is_another(state, known)
    ]
    found += [
        f"scheduler {each.holder} knows another state, {each.status.get('installation')}, and fires nothing"
        for each in schedulers
        if each.status.get("strange_store")
    ]
    if state.rolled_back_at is not None:
        found.append("the store went back: nothing is fired until `beatd forward` or `beatd run --catch-up`")
    return tuple(found)


def _live(state: State) -> list[SchedulerInfo]:
    now = state.clock.now()
    return [each for each in state.leases.holders() if each.is_live(now)]
