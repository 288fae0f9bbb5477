"""What a task may have done to the process it runs in: forked it, or closed what is not the task's."""

import logging
import os
import select
from contextlib import suppress
from typing import Final

from beatd.processes.output import finish_lines

FILES_CLOSED: Final = 4
"""The exit code of a process whose files were closed beneath it."""

_STANDARD: Final = (0, 1, 2)

logger = logging.getLogger("beatd.worker")


class Guard:
    """Looks after a process between the tasks. To be made before the broker is opened: its own file lies below."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._mark = os.open(os.devnull, os.O_RDONLY)
        # One request to the kernel for all of them, since it is made after each task.
        self._poll = select.poll()
        for descriptor in (*_STANDARD, self._mark):
            self._poll.register(descriptor, 0)

    def leave_if_forked(self, error: BaseException | None) -> None:
        """End the process if it is a copy that a task has forked and let return: the message is its parent's."""
        if os.getpid() == self._pid:
            return
        code = 0 if error is None else 1
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            logger.error("a process that the task has forked failed", exc_info=error, extra={"action": "forked"})
        finish_lines()
        os._exit(code & 0xFF)

    def check(self) -> None:
        """Open what was closed of the standard files; where others were closed too, end the process.

        What is opened next would take their numbers, and a connection's writes would go there; nothing was settled yet,
        and the supervisor returns the message.
        """
        events = self._poll.poll(0)
        if not events:
            return
        closed = [descriptor for descriptor, event in events if event & select.POLLNVAL]
        if self._mark in closed:
            os._exit(FILES_CLOSED)
        for _ in closed:
            with suppress(OSError):
                # The lowest free number is taken, and those below the mark are these.
                os.open(os.devnull, os.O_RDWR)

    def close(self) -> None:
        """Close its own file."""
        with suppress(OSError):
            os.close(self._mark)
