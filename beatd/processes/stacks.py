"""What a process is at, for whoever asks: USR1 writes the stacks of all its threads to standard error."""

import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def stacks_at_usr1() -> Iterator[None]:
    """Write them meanwhile, beside what else the process does at USR1."""
    # Chained, so that they are written even where the loop that heeds the signals is stuck. Standard error may be
    # closed or not a file; stacks are a help, not a need.
    with suppress(ValueError, OSError, RuntimeError, AttributeError):
        faulthandler.register(signal.SIGUSR1, all_threads=True, chain=True)
    try:
        yield
    finally:
        faulthandler.unregister(signal.SIGUSR1)
