"""What a scheduler works on, and how it works."""

from dataclasses import dataclass

from beatd.ports import Clock, Definitions, Leases, Past, Records, Repairs
from beatd.scheduler.timekeeper import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The stores a scheduler works on, and the stores' clock; ``witness``: this host's own, where that is another."""

    records: Records
    definitions: Definitions
    leases: Leases
    repairs: Repairs
    past: Past
    clock: Clock
    witness: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a scheduler works. ``late_after`` in microseconds, ``catch_up_rate`` in fires a second.

    ``max_clock_skew``: by how many microseconds the store's clock and the witness may differ.
    ``catch_up``: go on after the store went back, firing again what it forgot. ``installation``: the id of the state
    that is known from before; in any other nothing is fired, until an operator confirms it. ``strict``: do not start
    with a row that cannot be used.
    """

    namespace: str
    late_after: int
    catch_up_rate: int
    max_clock_skew: int = 30 * SECOND
    catch_up: bool = False
    installation: str | None = None
    strict: bool = False
