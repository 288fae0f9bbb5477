import signal

import pytest

PARENT = """
import os, sys, time
from beatd.processes.tether import tether
hold_on = tether(by_signal=%s)
pid = os.fork()
if pid == 0:
    hold_on()
    print(os.getpid(), flush=True)
    time.sleep(60)
    os._exit(0)
time.sleep(60)
"""


@pytest.mark.parametrize("by_signal", [True, False])
def test_a_child_dies_with_its_parent_that_is_killed(script, until, is_alive, by_signal):
    parent = script(PARENT % by_signal)
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.send_signal(signal.SIGKILL)
    until(lambda: not is_alive(child))


def test_a_forked_child_dies_with_its_parent_that_is_killed(script, until, is_alive):
    parent = script(
        """
        import os, time
        from beatd.processes.fork import fork
        def live():
            print(os.getpid(), flush=True)
            time.sleep(60)
        fork(live, own_group=True)
        time.sleep(60)
        """
    )
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    until(lambda: not is_alive(child))
