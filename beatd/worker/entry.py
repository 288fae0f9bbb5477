"""Where a child begins: the user's code, then the broker, then work."""

import faulthandler
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from beatd.errors import BeatdError
from beatd.processes.fork import STARTUP_FAILURE
from beatd.worker.child import Child
from beatd.worker.slots import Order, Slot, SlotBoard
from beatd.worker.spec import WorkerSpec


def run_child(spec: WorkerSpec, board: SlotBoard, index: int, owner: str, poke: Callable[[], None]) -> int:
    """Run a child in this process, which was forked for it, and return its exit code."""

    def leave(_signum: int, _frame: FrameType | None) -> None:
        board.order(index, Order.LEAVE)

    signal.signal(signal.SIGTERM, leave)
    with suppress(ValueError, OSError, RuntimeError, AttributeError):
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    if not load(spec.load_app):
        return STARTUP_FAILURE
    broker = spec.open_broker()
    try:
        return Child(spec, broker, Slot(board, index), owner=owner, poke=poke).run()
    finally:
        broker.close()


def load(load_app: Callable[[], None]) -> bool:
    """Import the user's code; where that fails say why on standard error and return False."""
    try:
        load_app()
    except BeatdError as error:
        print(f"beatd: {error}", file=sys.stderr)  # noqa: T201  for the user, in the error's own words
        return False
    except BaseException:  # noqa: BLE001  a module may raise anything, SystemExit too, and would do so again
        traceback.print_exc()
        return False
    return True
