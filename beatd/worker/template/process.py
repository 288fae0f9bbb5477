"""The life of a template: it imports the application, and is forked for each child that the supervisor asks for."""

import gc
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from types import FrameType
from typing import Final, Self

from beatd.processes.adoption import fork_for
from beatd.processes.fork import STARTUP_FAILURE, write_stacks_at_usr1
from beatd.worker.entry import leave_at_term, load, work
from beatd.worker.slots import SlotBoard
from beatd.worker.spec import WorkerSpec
from beatd.worker.template.inherited import close_known, open_sockets, other_threads, renew, tell_open

LOADED: Final = b"loaded"
APART: Final = b"apart"
"""The first word of a template: that it can be forked; that it must not be."""
LONGEST: Final = 4096
_THREADS: Final = (
    "the application starts threads when it is imported, which no fork would have: each child imports it for itself, "
    "and shares no memory; start them in tasks"
)

logger = logging.getLogger("beatd.worker")


@dataclass(frozen=True, slots=True)
class Before:
    """What held before the application was imported: the thresholds of the collector, and the sockets."""

    thresholds: tuple[int, int, int]
    sockets: frozenset[int]

    @classmethod
    def now(cls) -> Self:
        """Return what holds, and collect nothing from now on: it would write to pages that children are to share.

        The application may choose thresholds itself.
        """
        before = cls(gc.get_threshold(), open_sockets())
        gc.set_threshold(0)
        # What forked this process may have put it off for its own imports.
        gc.enable()
        return before


def run_template(
    spec: WorkerSpec,
    board: SlotBoard,
    poke: Callable[[], None],
    supervisor: int,
    door: socket.socket,
    before: Before | None = None,
) -> int:
    """Be a template of the process ``supervisor`` until ``door``, which leads there, is closed; return the exit code.

    It says LOADED, or APART and ends. Each request, a slot and an owner, is answered by the number of the child.
    ``before``: given where the application's modules have been imported here already.
    """
    # A service manager sends TERM to all processes at once; this one ends with its supervisor.
    signal.signal(signal.SIGTERM, _do_nothing)
    write_stacks_at_usr1()
    before = before or Before.now()
    own = load(spec.load_app)
    if own is None:
        return STARTUP_FAILURE
    if threads := other_threads():
        _tell_threads(threads)
        _say(door, poke, APART)
        return 0
    close_known()
    tell_open(before.sockets)
    gc.freeze()
    if gc.get_threshold()[0] == 0:
        gc.set_threshold(*before.thresholds)
    _say(door, poke, LOADED)
    _serve(replace(spec, middleware=(*spec.middleware, *own)), board, poke, supervisor, door)
    return 0


def _serve(spec: WorkerSpec, board: SlotBoard, poke: Callable[[], None], supervisor: int, door: socket.socket) -> None:
    try:
        while request := door.recv(LONGEST):
            slot, _, owner = request.decode().partition(" ")

            def live(slot: int = int(slot), owner: str = owner) -> int:
                door.close()
                renew()
                if signal.getsignal(signal.SIGTERM) is _do_nothing:
                    leave_at_term(board, slot)
                return work(spec, board, slot, owner, poke)

            fork_for(supervisor, live, lambda pid: door.sendall(str(pid).encode()))
    except ConnectionError:
        pass  # a supervisor that was killed in the middle of a question hears no answer, and this process dies with it
    except OSError as error:
        logger.error("a child cannot be forked", extra={"action": "fork", "error": str(error)})  # noqa: TRY400  no bug of ours


def _say(door: socket.socket, poke: Callable[[], None], word: bytes) -> None:
    with suppress(ConnectionError):  # the supervisor was killed meanwhile
        door.send(word)
        poke()


def _do_nothing(_signum: int, _frame: FrameType | None) -> None:
    """Heed a signal."""


def _tell_threads(names: list[str]) -> None:
    fields = {"action": "fork", "threads": ", ".join(names)}
    logger.warning(_THREADS, extra=fields)
