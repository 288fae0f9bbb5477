"""The state's id, kept beside it, so that a store that was lost or swapped is not mistaken for a new one."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from beatd.config.settings import Settings
from beatd.errors import StoreError
from beatd.ports import Installation, SchedulerInfo
from beatd.wiring.drivers import State, open_state
from beatd.wiring.entries import require_state


@dataclass(frozen=True, slots=True, kw_only=True)
class StateView:
    """A namespace's state as people see it. ``place``: where its id is kept on this host, ``known``: the id there.

    ``problems``: why nothing is fired, in words.
    """

    namespace: str
    installation: Installation
    place: Path | None
    known: str | None
    problems: tuple[str, ...]


def check_installation(settings: Settings, installation: Installation) -> None:
    """Compare the state's id with the one known in ``$STATE_DIRECTORY``, which is written the first time.

    Raises StoreError where they differ: what this state does not know of may have fired, and nobody would notice.
    """
    path, known = _place(settings), _known(settings)
    if path is None or known == installation.id:
        return
    if known is None or known in installation.replaces:
        path.write_text(installation.id + "\n", encoding="ascii")
        return
    raise StoreError(
        f"the state of namespace {settings.namespace!r} is not the one known in {path}: it was lost or replaced, so "
        "nothing is fired; bring the former database back, or `beatd state init --from now|TIME` goes on with this one"
    )


def state_view(settings: Settings) -> StateView:
    """Return how the state stands. Raises StoreError where there is none."""
    with closing(open_state(settings, create=False)) as state:
        found, schedulers = require_state(state, settings.namespace), _live(state)
    return StateView(
        namespace=settings.namespace,
        installation=found,
        place=_place(settings),
        known=_known(settings),
        problems=_problems(settings, found, schedulers),
    )


def init_state(settings: Settings, since: int, *, known: tuple[str, ...], forced: bool) -> Installation:
    """Let the state be the one to go on with, owing from ``since`` on (microseconds), in place of the one known.

    ``known``: ids that other hosts know. Raises StoreError where nothing is wrong, unless ``forced``.
    """
    with closing(open_state(settings)) as state:
        found = state.repairs.find()
        schedulers = _live(state) if found is not None else []
        if found is not None and not forced and not known and not _problems(settings, found, schedulers):
            raise StoreError(
                f"the state of namespace {settings.namespace!r} is in order, so there is nothing to repair; --yes "
                "gives it a new id all the same"
            )
        here = _known(settings)
        told = [str(each.status["installation"]) for each in schedulers if each.status.get("installation")]
        made = state.repairs.confirm(since=since, replaces=[*known, *told, *([here] if here else [])])
    if (path := _place(settings)) is not None:
        path.write_text(made.id + "\n", encoding="ascii")
    return made


def _problems(settings: Settings, state: Installation, schedulers: list[SchedulerInfo]) -> tuple[str, ...]:
    known, found = _known(settings), []
    if known not in {None, state.id, *state.replaces}:
        found.append(f"another state is known here, {known}: this one was put in its place, or the former was lost")
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
    return [each for each in state.leases.holders() if each.expires_at > now]


def _place(settings: Settings) -> Path | None:
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(folder) / f"{settings.namespace}.installation" if folder else None


def _known(settings: Settings) -> str | None:
    path = _place(settings)
    return path.read_text(encoding="ascii").strip() if path is not None and path.exists() else None
