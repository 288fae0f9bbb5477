"""What else the machine has to do: what a figure is worth."""

import os

from benchmarks.disk import fdatasync_ms


def surroundings() -> str:
    """Return it as the lines of the report have it."""
    return f"load {os.getloadavg()[0]:.1f}, fdatasync {fdatasync_ms():.2f} ms"
