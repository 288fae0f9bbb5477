"""A template that is begun before the settings are known: what the application says of them is asked first."""

import os
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from beatd.errors import BeatdError
from beatd.processes.apart import Apart
from beatd.processes.process import Process
from beatd.processes.wakepipe import WakePipe
from beatd.worker.slots import SlotBoard
from beatd.worker.spec import WorkerSpec
from beatd.worker.template.process import LONGEST, Before, run_template


class EarlyTemplate:
    """The process in which ``read`` imports the application and returns what it says, for ``answer`` to return here.

    Then it waits for ``go``, to be the template of the worker that ``spec_of`` describes there. ``door``, ``board``, of
    ``slots`` slots, and ``wake`` are from before the fork, so that its supervisor has the same.
    """

    def __init__(self, read: Callable[[], Any], spec_of: Callable[[], WorkerSpec], *, slots: int, what: str) -> None:
        self.board = SlotBoard(slots)
        self.wake = WakePipe()
        self.door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        supervisor, before = os.getpid(), list[Before]()

        def read_first() -> Any:
            self.door.close()
            before.append(Before.now())
            return read()

        def serve() -> int:
            spec = None
            # What is wrong with the settings, or with the broker, the supervisor says.
            with suppress(BeatdError):
                spec = spec_of()
                _warm(spec)
            name = theirs.recv(LONGEST).decode()
            if spec is None or not name:
                return 0
            spec = replace(spec, name=name)
            return run_template(spec, self.board, self.wake.ring, supervisor, theirs, before[0])

        self._apart = Apart(read_first, what=what, then=serve)
        self._gone = False
        theirs.close()

    def answer(self, timeout: float) -> Any:
        """Return what ``read`` returned. Raises its error, or BeatdError where it takes longer than these seconds."""
        return self._apart.answer(timeout)

    def go(self, name: str) -> Process:
        """Let it be the template of the worker of this name; return its process, which is the caller's from now on."""
        self._gone = True
        # It may have ended by now: whoever has the process will see.
        with suppress(OSError):
            self.door.send(name.encode())
        self.door.setblocking(False)
        return self._apart.release()

    def end(self) -> None:
        """End it, unless it is a worker's template."""
        if not self._gone:
            self._gone = True
            self._apart.end()
            self.door.close()
            self.wake.close()


def _warm(spec: WorkerSpec) -> None:
    """Ask the broker something: what its driver loads for a first answer need not be loaded by each child.

    The supervisor reaches the broker meanwhile.
    """
    with closing(spec.open_broker()) as broker:
        broker.admin.ready(spec.queues, 1)
