import os

import pytest

from beatd.core.protocol import build_message
from beatd.worker.slots import Order, Slot, SlotBoard


@pytest.fixture
def board():
    return SlotBoard(2)


def message(**fields):
    return build_message(**{"id": "m1", "task": "shop.add", "queue": "celery", **fields})


def test_an_empty_slot_says_nothing(board):
    assert board.read(0) is None


def test_a_slot_tells_what_is_run_since_when_and_what_waits(board):
    slot = Slot(board, 1)
    slot.begin(message(entry="nächtlich", fire_time=5), 3, 1000, limit=500, tail=["m2", "m3"])
    sight = board.read(1)
    assert (sight.started_at, sight.deadline, sight.limit, sight.attempt) == (1000, 1500, 500, 3)
    assert (sight.message.id, sight.message.task, sight.message.queue) == ("m1", "shop.add", "celery")
    assert (sight.message.entry, sight.message.fire_time) == ("nächtlich", 5)
    assert sight.tail == ("m2", "m3")
    assert board.read(0) is None


def test_after_the_end_nothing_is_in_hand_and_one_more_is_done(board):
    slot = Slot(board, 0)
    slot.begin(message(), 1, 1000, limit=500, tail=[])
    slot.end(1100)
    sight = board.read(0)
    assert (sight.message, sight.deadline, sight.tail, sight.done, sight.seen_at) == (None, 0, (), 1, 1100)


def test_a_slot_is_read_from_another_process(board):
    pid = os.fork()
    if pid == 0:
        Slot(board, 0).begin(message(), 1, 7, tail=[])
        os._exit(0)
    os.waitpid(pid, 0)
    assert board.read(0).message.id == "m1"


def test_a_writer_that_died_in_the_middle_leaves_nothing_to_believe(board):
    Slot(board, 0).begin(message(), 1, 1000, tail=[])
    board._memory[60] ^= 0xFF
    assert board.read(0) is None


def test_names_too_long_for_the_slot_are_cut_and_the_id_stays(board):
    Slot(board, 0).begin(message(task="t" * 9000, entry="e" * 200, fire_time=1), 1, 1000, tail=["x" * 100] * 15)
    sight = board.read(0)
    assert sight.message.id == "m1"
    assert sight.message.task == "t" * 200


def test_orders_reach_the_child_and_clearing_takes_them_back(board):
    slot = Slot(board, 0)
    assert slot.ordered() is Order.RUN
    board.order(0, Order.LEAVE)
    assert slot.ordered() is Order.LEAVE
    board.clear(0)
    assert slot.ordered() is Order.RUN
    assert board.read(0) is None
