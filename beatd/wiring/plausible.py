"""Whether a clock may be believed at start, when nobody has watched it yet."""

from beatd.errors import StoreError
from beatd.schedules.moments import iso
from beatd.wiring.drivers import State

EARLIEST = 1_735_689_600_000_000
"""2025-01-01: before beatd was written. Machines without a battery start in 1970 or in the year of their firmware."""

UNUSED = 366 * 86_400 * 1_000_000
"""That a store was not used for a year is less likely than a clock that is ahead."""


def check_clock(state: State, *, catch_up: bool) -> None:
    """Compare the clock that is fired by with what the store knows. ``catch_up``: an operator says that it is right.

    Raises StoreError for a clock that cannot be right.
    """
    now = state.clock.now()
    if now < EARLIEST:
        raise StoreError(f"the clock reads {iso(now)}, before beatd was written: nothing is fired; set it, best by NTP")
    seen = [each.seen_at for each in state.leases.holders()]
    used = max((*seen, *(run.emitted_at or run.fire_time for run in state.history.runs(limit=1))), default=now)
    if now - used > UNUSED and not catch_up:
        raise StoreError(
            f"the clock reads {iso(now)}, and the store was last used at {iso(used)}: nothing is fired; set the clock, "
            "or, where it is right, start once with --catch-up"
        )
