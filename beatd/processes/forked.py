"""What a task forks is a process like any other: it heeds no signal on behalf of the one that it was forked from."""

import faulthandler
import os
import signal
import threading
from typing import Final

_IGNORED: Final = (signal.SIGINT, signal.SIGUSR1)
"""What a child ignores, the second beneath the handler that writes its stacks."""


class _Mask(threading.local):
    """What a thread had blocked before it began to fork."""

    former: set[int]


def give_back_signals_in_forks() -> None:
    """From now on give each process that is forked from this one the signals as they were before beatd took them.

    What they fork in turn is theirs: it inherits what they have set. To be called once.
    """
    mask = _Mask()
    first = True

    def block() -> None:
        # A signal to the new process must not meet the handlers, nor the pipe, of this one: they are its own too.
        mask.former = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask.former)

    def begin() -> None:
        nonlocal first
        if first:
            first = False
            _give_back()
        unblock()

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=begin)


def _give_back() -> None:
    signal.set_wakeup_fd(-1)
    faulthandler.unregister(signal.SIGUSR1)
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        # What the user's code has set stays.
        ours = str(getattr(handler, "__module__", "")).startswith("beatd.")
        if ours or (number in _IGNORED and handler is signal.SIG_IGN):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
