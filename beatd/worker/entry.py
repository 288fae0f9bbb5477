"""Where a child begins: the user's code, then the broker, then work."""

import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType

from beatd.errors import BeatdError
from beatd.middleware.base import Middleware
from beatd.processes.fork import STARTUP_FAILURE, write_stacks_at_usr1
from beatd.processes.forked import give_back_signals_in_forks
from beatd.processes.logs import keep_log_apart
from beatd.processes.output import output_logged
from beatd.worker.child import Child
from beatd.worker.guard import Guard
from beatd.worker.slots import Ledger, Order, Slot, SlotBoard
from beatd.worker.spec import WorkerSpec


def run_child(spec: WorkerSpec, board: SlotBoard, index: int, owner: str, poke: Callable[[], None]) -> int:
    """Import the user's code and run a child in this process, which was forked for it; return its exit code."""
    leave_at_term(board, index)
    write_stacks_at_usr1()
    own = load(spec.load_app)
    if own is None:
        return STARTUP_FAILURE
    return work(replace(spec, middleware=(*spec.middleware, *own)), board, index, owner, poke)


def leave_at_term(board: SlotBoard, index: int) -> None:
    """Let TERM mean to leave after the task."""

    def leave(_signum: int, _frame: FrameType | None) -> None:
        board.order(index, Order.LEAVE)

    signal.signal(signal.SIGTERM, leave)


def work(spec: WorkerSpec, board: SlotBoard, index: int, owner: str, poke: Callable[[], None]) -> int:
    """Run a child in this process, where the user's code was imported; return its exit code."""
    keep_log_apart()
    give_back_signals_in_forks()
    guard = Guard()
    broker = spec.open_broker()
    try:
        with output_logged():
            slot, ledger = Slot(board, index), Ledger(board, index)
            return Child(spec, broker, slot, owner=owner, poke=poke, guard=guard, ledger=ledger).run()
    finally:
        broker.close()


def load(load_app: Callable[[], Sequence[Middleware] | None]) -> tuple[Middleware, ...] | None:
    """Import the user's code and return its middleware; where that fails say why on standard error and return None."""
    try:
        return tuple(load_app() or ())
    except BeatdError as error:
        print(f"beatd: {error}", file=sys.stderr)  # noqa: T201  for the user, in the error's own words
        return None
    except BaseException:  # noqa: BLE001  a module may raise anything, SystemExit too, and would do so again
        traceback.print_exc()
        return None
