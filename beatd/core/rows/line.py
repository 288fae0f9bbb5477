"""The versions of one name, from its row, the log of changes, and the past of the calendars that it names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING, Any, NamedTuple

from beatd.core.rows.columns import Documents, Raw

if TYPE_CHECKING:
    from beatd.core.rows.calendars import Past


MOST = 1000
"""So many states of a row beside those of its calendars are looked at for one that was seen once."""


class Logged(NamedTuple):
    """One line of the log: ``former`` is what was there before, and had the number ``former_changed_at``."""

    op: str
    generation: int | None
    changed_at: int
    former_changed_at: int | None
    former: tuple[Any, ...] | None


class State(NamedTuple):
    """What a name's row was from a number on; ``raw`` None: it was not there. ``documents``: of calendars it names."""

    number: int
    generation: int | None
    raw: Raw | None
    documents: Documents = ()


def states_of(log: Sequence[Logged], row: State | None) -> list[State]:
    """Return what the row of one name was, and is, by number. ``log``: in the order in which it was written.

    What the log has twice is told once. A name that has no row ends with its removal, also where nobody logged one.
    """
    found: list[State] = []
    for each in log:
        if each.former is not None and each.former_changed_at is not None:
            _add(found, State(each.former_changed_at, each.generation, each.former))
        if each.op == "delete":
            _add(found, State(each.changed_at, each.generation, None))
    if row is not None:
        _add(found, row)
    elif found and found[-1].raw is not None:
        _add(found, State(log[-1].changed_at, found[-1].generation, None))
    return found


def _add(found: list[State], state: State) -> None:
    # What was written later is right: two transactions may have taken their numbers in another order than their turns.
    while found and found[-1].number >= state.number:
        found.pop()
    found.append(state)


def line_of(
    states: Sequence[State], named: Callable[[Raw], Sequence[str]], pasts: Mapping[str, "Past"]
) -> Iterator[State]:
    """Yield the versions: each state as it began, and again with each change of a calendar that it names.

    A version of which a calendar is not known any more is left out.
    """
    for place, state in enumerate(states):
        names = () if state.raw is None else named(state.raw)
        if not names:
            yield state
            continue
        until = states[place + 1].number if place + 1 < len(states) else None
        for number in _moments(state.number, until, [pasts[name] for name in names]):
            told = tuple((name, pasts[name].at(number)) for name in names)
            if all(document is None or isinstance(document, tuple) for _, document in told):
                yield State(number, state.generation, state.raw, told)  # type: ignore[arg-type]  # the line above


def _moments(first: int, until: int | None, pasts: Sequence["Past"]) -> list[int]:
    """Return the moment at which a state began, and those of changes of its calendars while it lasted."""
    later = {n for past in pasts for n in past.numbers if n > first and (until is None or n < until)}
    return [first, *sorted(later)]


def seen_once(
    states: Sequence[State], named: Callable[[Raw], Sequence[str]], pasts: Mapping[str, "Past"], number: int
) -> Iterator[State]:
    """Yield what may have had a number before somebody else committed who had taken a lower one; not all of too many.

    A row and its calendars may be changed by transactions that end in another order than that of their numbers. What
    was seen in between is one of what the row was by then, beside one of what each calendar was by then.
    """
    found = (each for state in reversed(states) for each in _beside(state, named, pasts, number))
    return islice(found, MOST)


def _beside(
    state: State, named: Callable[[Raw], Sequence[str]], pasts: Mapping[str, "Past"], number: int
) -> Iterator[State]:
    """Yield what a row was beside each state of its calendars, where the newest of all these has the number."""
    names = () if state.raw is None or state.number > number else named(state.raw)
    for told in product(*[[*pasts[name].until(number)] for name in names]) if names else ():
        is_known = all(document is None or isinstance(document, tuple) for _, document in told)
        if is_known and number in {state.number, *(began for began, _ in told)}:
            documents = tuple((name, document) for name, (_, document) in zip(names, told, strict=True))
            yield State(number, state.generation, state.raw, documents)  # type: ignore[arg-type]  # by ``is_known``
