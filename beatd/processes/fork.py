"""Run a function in a child process that starts clean and never returns into its parent's stack."""

import contextlib
import faulthandler
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Final, NoReturn

from beatd.errors import AppImportError, BeatdError, DefinitionError, SettingsError, StaleSetError
from beatd.processes.tether import tether

STARTUP_FAILURE: Final = 3
"""The exit code of a process that would fail the same way if it were started again."""

_HOPELESS: Final = (AppImportError, DefinitionError, SettingsError, StaleSetError)


def fork(function: Callable[[], int | None], *, own_group: bool = False) -> int:
    """Run ``function`` in a child process and return its process id; what it returns is the exit code (None: 0).

    The child dies with this process, ignores SIGINT, and has every other signal at its default. ``own_group`` makes it
    the leader of a process group, out of the terminal's reach, so that it can be killed with all it has started.
    """
    hold_on = tether()
    flush()
    # Blocked until the child has its own dispositions: it would run this process's handlers otherwise.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            live(function, lambda: _begin(hold_on), own_group=own_group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
    if own_group:
        # The child does the same; whoever is first, a kill of the group finds it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)
    return pid


def kill_group(pid: int, signum: int = signal.SIGKILL) -> None:
    """Send a signal to a child that was forked with ``own_group``, and to all it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signum)


def write_stacks_at_usr1() -> None:
    """Let USR1 write the stacks of all threads to standard error."""
    # Who is to be killed is asked for its stack first: where there is nowhere to write it, that must not be its end.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError, RuntimeError, AttributeError):
        faulthandler.register(signal.SIGUSR1, all_threads=True)


def live(function: Callable[[], int | None], begin: Callable[[], None], *, own_group: bool) -> NoReturn:
    """Be the process that was just forked for ``function``, all signals blocked; ``begin`` is called before that."""
    code = 1
    try:
        _start_clean(begin, own_group=own_group)
        code = function() or 0
    except SystemExit as stop:
        code = _code_of(stop)
    except BeatdError as error:
        print(f"beatd: {error}", file=sys.stderr)  # noqa: T201  logging may not be set up, and this is for the user
        code = STARTUP_FAILURE if isinstance(error, _HOPELESS) else 1
    except BaseException:  # noqa: BLE001  nothing may escape into the parent's stack, which is below this one
        traceback.print_exc()
    finally:
        try:
            flush()
        finally:
            os._exit(code)


def _begin(hold_on: Callable[[], None]) -> None:
    signal.set_wakeup_fd(-1)
    with contextlib.suppress(ValueError):
        faulthandler.unregister(signal.SIGUSR1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    hold_on()


def _start_clean(begin: Callable[[], None], *, own_group: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if own_group:
        with contextlib.suppress(PermissionError):
            os.setpgid(0, 0)
        _read_nothing()
    begin()
    # Standard error may be closed or not a file; stacks are a help, not a need.
    with contextlib.suppress(ValueError, OSError, RuntimeError, AttributeError):
        faulthandler.enable()
    random.seed()
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _read_nothing() -> None:
    """Take standard input from nowhere: a background group that reads the terminal is stopped by it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _code_of(stop: SystemExit) -> int:
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    print(stop.code, file=sys.stderr)  # noqa: T201  as the interpreter does
    return 1


def flush() -> None:
    """Write out what is buffered, lest parent and child both do."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, OSError, AttributeError):
            stream.flush()
