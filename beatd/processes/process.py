"""A child process as its parent holds it: signalled only while it is its own."""

import os
import signal
from contextlib import suppress
from typing import Final

from beatd.processes.fork import kill_group

_HAS_DESCRIPTORS: Final = hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")
_HAS_WAITID: Final = hasattr(os, "waitid")


class Process:
    """A process that was forked with ``own_group``. Once it is reaped nothing is sent: its number may be another's.

    The kernel's descriptor is used where there is one. Without it the number serves: it stays the child's until the
    child is reaped, and only ``reap`` does that.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._reaped = False
        self._descriptor = _open(pid)

    def send(self, signum: signal.Signals) -> None:
        """Send a signal to the process alone."""
        if self._reaped:
            return
        with suppress(ProcessLookupError):
            if self._descriptor is None:
                os.kill(self.pid, signum)
            else:
                signal.pidfd_send_signal(self._descriptor, signum)

    def kill(self) -> None:
        """Kill the process with all that it has started."""
        if not self._reaped:
            kill_group(self.pid)

    def reap(self) -> int | None:
        """Return the exit code (negative: the signal) if the process has ended, None otherwise.

        What it has started is killed: it must not outlive it.
        """
        if self._reaped or not self._has_ended():
            return None
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        if not _HAS_WAITID:
            kill_group(self.pid)
        self._reaped = True
        self.close()
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Give the descriptor back; to be called in a process that was forked beside this one, too."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _has_ended(self) -> bool:
        if not _HAS_WAITID:
            return True
        kind, number = (os.P_PID, self.pid) if self._descriptor is None else (os.P_PIDFD, self._descriptor)
        if os.waitid(kind, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        # Before it is reaped: from then on a group of this number could be another's.
        kill_group(self.pid)
        return True


def _open(pid: int) -> int | None:
    if not _HAS_DESCRIPTORS:
        return None
    # An old kernel has none, a container may forbid them, and there may be no descriptors left.
    with suppress(OSError):
        return os.pidfd_open(pid)
    return None
