"""What tasks tell of themselves: when they began, in a file that BENCH_MARKS names; the same for every library."""

import os
import time
from pathlib import Path
from typing import NamedTuple


class Mark(NamedTuple):
    """A task began: nanoseconds of the clock on the wall and of the monotonic one, which processes share on Linux."""

    label: str
    wall: int
    monotonic: int


def mark(label: str) -> None:
    """Write down that a task begins; one write each, so that those of several processes do not mix."""
    text = f"{label} {time.time_ns()} {time.monotonic_ns()}\n"
    file = os.open(os.environ["BENCH_MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def read_marks(path: Path) -> list[Mark]:
    """Return what was written down so far."""
    if not path.exists():
        return []
    lines = (line.rsplit(" ", 2) for line in path.read_text().splitlines())
    return [Mark(label, int(wall), int(monotonic)) for label, wall, monotonic in lines]
