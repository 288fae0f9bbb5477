import os
from dataclasses import replace

import pytest

from beatd.core.message import Delivery
from beatd.core.protocol import build_message
from beatd.core.states import Outcome, State, Verdict
from beatd.worker.slots import _LINE, LEDGER, SIZE, Ledger, Order, Slot, SlotBoard


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


def test_a_sign_of_life_changes_nothing_else(board):
    slot = Slot(board, 0)
    slot.begin(message(), 3, 1000, limit=500, tail=["m2"])
    before = board.read(0)
    slot.alive(1200)
    assert board.read(0) == replace(before, seen_at=1200)


def test_a_child_that_leaves_says_so(board):
    slot = Slot(board, 0)
    slot.idle(1000)
    assert not board.read(0).leaves
    slot.leave(1100)
    assert board.read(0).leaves


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


def ended(id_="m1", state=State.SUCCESS, result=None, **fields):
    delivery = Delivery(message=message(id=id_, **fields), attempt=3, owner="w/1", lease_until=0)
    times = {"started_at": 5, "finished_at": 7, "worker": "w/1"}
    return delivery, Outcome(verdict=Verdict.DONE, state=state, result=result, **times)


def test_a_ledger_tells_what_has_run_and_is_not_settled(board):
    ledger = Ledger(board, 1)
    assert ledger.add(*ended("m1", result={"süm": [3, None, 1.5]}))
    assert ledger.add(*ended("m2"))
    (one, outcome), (two, _) = board.ended(1, "w/1")
    assert (one.message.id, one.attempt, one.owner, two.message.id) == ("m1", 3, "w/1", "m2")
    assert outcome == ended(result={"süm": [3, None, 1.5]})[1]
    assert board.ended(0, "w/1") == []
    ledger.clear()
    assert board.ended(1, "w/1") == []


def test_a_writer_that_died_in_the_middle_of_a_line_leaves_those_before(board):
    ledger = Ledger(board, 0)
    for id_ in ("m1", "m2"):
        ledger.add(*ended(id_))
    board.note_ended(0, ledger._at, b"a third line, of which the last part is missing")
    board._memory[2 * SIZE + ledger._at + _LINE.size] ^= 1
    assert [delivery.message.id for delivery, _ in board.ended(0, "w/1")] == ["m1", "m2"]


def test_a_ledger_takes_nothing_but_small_successes_of_no_entry(board):
    ledger = Ledger(board, 0)
    assert not ledger.add(*ended(state=State.FAILURE))
    assert not ledger.add(*ended(entry="nightly", fire_time=5))
    assert not ledger.add(*ended(result="x" * LEDGER))
    assert not ledger.add(*ended(result="\udc80"))
    assert board.ended(0, "w/1") == []


def test_a_full_ledger_takes_no_more_until_it_is_cleared(board):
    ledger, count = Ledger(board, 0), 0
    while ledger.add(*ended(f"m{count}", result="x" * 100)):
        count += 1
    assert len(board.ended(0, "w/1")) == count > 10
    ledger.clear()
    assert ledger.add(*ended("m"))
    board.clear(0)
    assert board.ended(0, "w/1") == []
