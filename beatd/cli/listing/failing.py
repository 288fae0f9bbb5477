"""Which entries fail, by what the history holds."""

from beatd.errors import StoreError
from beatd.ports import History

_LOOKED_AT = 10_000
_PAGE = 1000
_ENDED = frozenset({"success", "failure", "dead", "revoked"})
_BAD = ("failure", "dead")


def failing_names(history: History) -> list[str]:
    """Return the names whose newest message that has ended was no success; of the newest 10 000 failures."""
    try:
        names = {name for state in _BAD for name in _of_state(history, state)}
        return sorted(name for name in names if _newest(history, name) in _BAD)
    except StoreError:
        return []  # nothing was ever run on it


def _of_state(history: History, state: str) -> set[str]:
    found: set[str] = set()
    before: str | None = None
    for _ in range(_LOOKED_AT // _PAGE):
        runs = history.runs(state=state, limit=_PAGE, before=before)
        found |= {run.entry for run in runs}
        if len(runs) < _PAGE:
            break
        before = runs[-1].cursor
    return found


def _newest(history: History, name: str) -> str | None:
    runs = history.runs(entry=name, limit=_PAGE)
    return next((run.state for run in runs if run.state in _ENDED), None)
