"""One reason."""

from typing import NamedTuple


class Reason(NamedTuple):
    """Which part of a schedule decides, and what it says; ``rule`` where there are several rules."""

    part: str
    reason: str
    rule: str | None = None
