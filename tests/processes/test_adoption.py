import signal

import pytest

from beatd.processes.tether import HAS_DEATH_SIGNAL

pytestmark = pytest.mark.skipif(not HAS_DEATH_SIGNAL, reason="there is nobody to adopt orphans here")

ANCESTOR = """
import os, signal, sys, time
from beatd.processes.adoption import fork_for, reap_strays
from beatd.processes.fork import fork
from beatd.processes.tether import adopt_orphans
adopt_orphans()
ancestor = os.getpid()
reader, writer = os.pipe()
said = os.fdopen(reader)
def live():
    own = signal.getsignal(signal.SIGUSR2) is heed
    os.write(writer, f"{os.getppid() == ancestor} {os.getpgrp() == os.getpid()} {own}\\n".encode())
    time.sleep(seconds)
    return 7
def heed(*_):
    pass
def tell(pid):
    os.write(writer, f"{pid}\\n".encode())
    if refuses:
        raise SystemExit
def between():
    signal.signal(signal.SIGUSR2, heed)
    fork_for(ancestor, live, tell)
    time.sleep(60)
seconds, refuses = float(sys.argv[1]), len(sys.argv) > 2
template = fork(between, own_group=True)
pid = int(said.readline())
print(template, pid, flush=True)
"""


@pytest.fixture
def ancestor(script):
    def start(then, seconds=60, *more):
        code = f"import sys; sys.argv[1:] = {[str(seconds), *more]!r}\n{ANCESTOR}\n{then}"
        process = script(code)
        return process, *map(int, process.stdout.readline().split())

    return start


def test_it_is_the_ancestors_own_child_with_a_group_of_its_own_and_the_handlers_of_before(ancestor):
    then = """
print(said.readline(), end="", flush=True)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
    process, *_ = ancestor(then, 0)
    assert process.stdout.readline() == "True True True\n"
    assert process.stdout.readline() == "7\n"


def test_it_outlives_the_process_that_it_was_forked_from_and_dies_with_the_ancestor(ancestor, until, is_alive):
    then = """
said.readline()
os.kill(template, signal.SIGKILL)
os.waitpid(template, 0)
print("gone", flush=True)
time.sleep(60)
"""
    process, template, pid = ancestor(then)
    assert process.stdout.readline() == "gone\n"
    assert not is_alive(template)
    assert is_alive(pid)
    process.send_signal(signal.SIGKILL)
    until(lambda: not is_alive(pid))


def test_one_that_nobody_was_told_of_does_not_begin(ancestor):
    then = """
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
os.set_blocking(reader, False)
try:
    print(os.read(reader, 50), flush=True)
except BlockingIOError:
    print("nothing", flush=True)
"""
    process, *_ = ancestor(then, 60, "refuses")
    assert process.stdout.readline() == "1\n"
    assert process.stdout.readline() == "nothing\n"


def test_strays_are_reaped_and_nothing_that_is_somebodys(script):
    process = script(
        """
        import os, subprocess, time
        from beatd.processes.adoption import reap_strays
        from beatd.processes.tether import adopt_orphans
        adopt_orphans()
        subprocess.run(["sh", "-c", "sleep 0.1 &"], check=True)
        while True:
            time.sleep(0.02)
            if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
        reap_strays(lambda pid: True)
        print(os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
        reap_strays(lambda pid: False)
        reap_strays(lambda pid: False)
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            print("none", flush=True)
        """
    )
    assert process.stdout.readline() == "True\n"
    assert process.stdout.readline() == "none\n"
