"""For tests of your own schedules and tasks: a clock moved by hand, and a harness that fires and runs what is due.

with beatd.testing.harness(app, start=datetime(2026, 3, 1, tzinfo=UTC)) as h:
    h.run_due(hours=24)
    assert h.fired("report") == [datetime(2026, 3, 1, 8, tzinfo=UTC)]
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beatd.testing.clock import ManualClock
    from beatd.testing.ran import Ran
    from beatd.testing.simulation import Harness, harness

_HOMES = {
    "Harness": "beatd.testing.simulation",
    "ManualClock": "beatd.testing.clock",
    "Ran": "beatd.testing.ran",
    "harness": "beatd.testing.simulation",
}

__all__ = ["Harness", "ManualClock", "Ran", "harness"]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: a clock needs no store."""
    if name not in _HOMES:
        raise AttributeError(f"module 'beatd.testing' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
