"""A pipe that ends the sleep of whoever waits for it."""

import os
import signal
from contextlib import suppress
from typing import Final

_RING: Final = bytes([signal.SIGCHLD])
"""What a ring writes: the reader of an inbox takes it for a signal, and nobody is misled by this one."""


class WakePipe:
    """Readable once it was rung: by another thread, or by any process that was forked after it was made."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self.writer, False)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._reader

    def ring(self) -> None:
        """Wake whoever waits."""
        # A full pipe has rung already; a closed one belongs to somebody who has ended.
        with suppress(OSError):
            os.write(self.writer, _RING)

    def drain(self) -> bytes:
        """Take away what was written, and return it; nothing where it was not rung."""
        try:
            return os.read(self._reader, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Close it in this process; more than once does no harm."""
        if self._reader >= 0:
            os.close(self._reader)
            os.close(self.writer)
            self._reader = self.writer = -1
