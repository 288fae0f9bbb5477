import os
import signal
import subprocess

import pytest

from beatd.core.protocol import build_message
from beatd.processes.process import Process
from beatd.worker.brood import STACK_TIME, Brood
from beatd.worker.roster import Cause, ChildRecord
from beatd.worker.slots import Slot
from beatd.worker.spec import WorkerSpec

SECOND = 1_000_000


class Watched:
    """A brood of one child, whose slot the test writes, and whose process is there to be killed.

    ``meanwhile``: what happens while the broker is asked what is revoked, which is the first attempt at "m1".
    """

    def __init__(self, clock, pid):
        self.clock = clock
        self.meanwhile = lambda: None
        self.returned = []
        spec = WorkerSpec(queues=("celery",), open_broker=lambda: None, load_app=lambda: None, clock=clock)
        self.brood = Brood(spec, self, lambda: None)
        self.child = ChildRecord(pid=pid, owner="w/1", slot=0, generation=1, born_at=clock.now())
        self.brood.roster.born(self.child)
        self.brood._processes[pid] = Process(pid)
        self.slot = Slot(self.brood._board, 0)

    def revoked(self, busy):
        if not (owners := busy()):
            return frozenset()
        assert owners == ["w/1"]
        self.meanwhile()
        return frozenset({("m1", 1)})

    def close(self):
        pass

    def give_back(self, what):
        self.returned.append((what.ids, what.penalty))

    def begin(self, id_, limit=0, tail=()):
        self.slot.begin(build_message(id=id_, task="t"), 1, self.clock.elapsed(), limit=limit, tail=[*tail])

    def go_on(self, id_):
        self.slot.end(self.clock.elapsed())
        self.begin(id_)


@pytest.fixture
def watched(clock):
    process = subprocess.Popen(["sleep", "60"], process_group=0)
    yield Watched(clock, process.pid)
    process.kill()
    process.wait()


def test_a_child_is_killed_for_the_revoked_message_that_it_runs(watched):
    watched.begin("m1")
    watched.brood.look()
    assert (watched.child.killed, watched.child.revoked) == (Cause.REVOKED, ("m1", 1))


def test_a_child_that_runs_another_message_when_the_answer_comes_is_not_killed(watched):
    watched.begin("m1")
    watched.meanwhile = lambda: watched.go_on("m2")
    watched.brood.look()
    assert watched.child.killed is None


def test_a_child_whose_limited_task_ended_while_the_broker_was_asked_is_not_killed(watched):
    watched.begin("m0", limit=SECOND)
    watched.clock.at += 2 * SECOND
    watched.meanwhile = lambda: watched.go_on("m2")
    watched.brood.look()
    assert watched.child.killed is None


def test_a_child_over_its_limit_is_killed(watched):
    watched.begin("m0", limit=SECOND)
    watched.clock.at += 2 * SECOND
    watched.brood.look()
    assert watched.child.killed is None  # asked for its stack first
    watched.clock.at += STACK_TIME
    watched.brood.look()
    assert watched.child.killed is Cause.LIMIT


def test_a_child_that_does_not_become_ready_is_killed(watched, caplog):
    watched.clock.at += 60 * SECOND
    watched.brood.look()
    assert watched.child.killed is None
    assert "a child does not become ready" in caplog.text
    watched.clock.at += STACK_TIME
    watched.brood.look()
    assert watched.child.killed is Cause.SILENT


def test_what_a_child_had_not_begun_when_it_died_is_given_back_uncounted(watched, until):
    watched.begin("m1", tail=["m2", "m3"])
    os.kill(watched.child.pid, signal.SIGKILL)
    until(lambda: list(watched.brood.reap()))
    assert watched.returned == [(("m2", "m3"), False), (None, True)]
