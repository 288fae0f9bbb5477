"""How long the disk takes to make a small write durable: what bounds any store that does so for each commit."""

import os
import tempfile
import time
from statistics import median

WRITES = 100


def fdatasync_ms() -> float:
    """Return the median over some writes, in milliseconds."""
    page, taken = b"x" * 4096, []
    with tempfile.TemporaryFile() as file:
        for _ in range(WRITES):
            started = time.perf_counter()
            os.write(file.fileno(), page)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    return median(taken) * 1000
