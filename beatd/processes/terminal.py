"""Whether a terminal controls this process."""

import os
from pathlib import Path


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal, whose end sends SIGHUP."""
    try:
        descriptor = os.open(Path("/dev/tty"), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    os.close(descriptor)
    return True
