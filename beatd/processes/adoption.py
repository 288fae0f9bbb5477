"""Fork a process for an ancestor to have: the one between ends at once, and the orphan is the ancestor's own child."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from errno import EAGAIN
from typing import NoReturn

from beatd.processes.fork import flush, live
from beatd.processes.tether import set_death_signal


def fork_for(ancestor: int, function: Callable[[], int | None], tell: Callable[[int], None]) -> None:
    """Run ``function`` in a new child process of ``ancestor``, which has called ``adopt_orphans``; ``tell`` its number.

    It begins once that was told: what nobody knows of does nothing. It leads a process group of its own, dies with the
    ancestor, and keeps this process's handlers of signals. Raises OSError where there can be no further process.
    """
    report, reporter = os.pipe()
    gate, opener = os.pipe()
    try:
        between = _fork_between(lambda: _adopted(function, ancestor, gate, (report, reporter, opener)), reporter)
        os.close(reporter)
        os.close(gate)
        # When this returns the orphan has its new parent.
        with suppress(ChildProcessError):  # reaped by the kernel already, where somebody ignores SIGCHLD
            os.waitpid(between, 0)
        told = os.read(report, 32)
        if not told:
            raise OSError(EAGAIN, "no further process can be forked")
        tell(int(told))
        os.write(opener, b".")
    finally:
        os.close(report)
        os.close(opener)


def reap_strays(known: Callable[[int], bool]) -> None:
    """Reap those that were adopted and have ended, but for the ones that ``known`` says are somebody's."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or known(ended.si_pid):
            return
        os.waitpid(ended.si_pid, os.WNOHANG)


def _fork_between(be_child: Callable[[], NoReturn], reporter: int) -> int:
    flush()
    # Blocked until the child has its own dispositions, as ever.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            try:
                child = os.fork()
                if child == 0:
                    be_child()
                os.write(reporter, str(child).encode())
            finally:
                os._exit(0)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
    return pid


def _adopted(function: Callable[[], int | None], ancestor: int, gate: int, others: tuple[int, ...]) -> NoReturn:
    for descriptor in others:
        os.close(descriptor)

    def hold_on() -> None:
        if not os.read(gate, 1):
            os._exit(1)
        os.close(gate)
        set_death_signal()
        # It may have died before the signal was asked for.
        if os.getppid() != ancestor:
            os._exit(1)

    live(function, hold_on, own_group=True)
