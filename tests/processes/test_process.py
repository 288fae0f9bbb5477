import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from beatd.processes import process as module
from beatd.processes.fork import fork
from beatd.processes.process import Process


@pytest.fixture(params=["descriptors", "numbers", "no waitid"])
def kernel(request, monkeypatch):
    """Run with what the kernel has, and as where it has no descriptors, or there is no waitid."""
    if request.param != "descriptors":
        monkeypatch.setattr(module, "_HAS_DESCRIPTORS", False)
    if request.param == "no waitid":
        monkeypatch.setattr(module, "_HAS_WAITID", False)
    return request.param


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def sleeping():
    def sleep():
        time.sleep(60)

    return Process(fork(sleep, own_group=True))


def test_a_process_is_signalled_and_reaped_once(kernel, until):
    process = sleeping()
    assert process.reap() is None
    process.send(signal.SIGTERM)
    assert until(process.reap) == -signal.SIGTERM
    assert process.reap() is None
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


def test_what_is_reaped_is_never_signalled_again(kernel, until):
    process, other = sleeping(), sleeping()
    process.kill()
    assert until(process.reap) == -signal.SIGKILL
    # As if its number had been given to another.
    process.pid = other.pid
    process.kill()
    process.send(signal.SIGKILL)
    time.sleep(0.1)
    assert other.reap() is None
    other.kill()
    assert until(other.reap) == -signal.SIGKILL


def test_what_a_process_has_started_dies_with_it(kernel, until, is_alive, tmp_path):
    def start_and_end():
        started = subprocess.Popen(["sleep", "60"])
        (tmp_path / "pid").write_text(str(started.pid))

    process = Process(fork(start_and_end, own_group=True))
    assert until(lambda: process.reap() is not None)
    started = int((tmp_path / "pid").read_text())
    until(lambda: not is_alive(started))


def test_descriptors_are_given_back(until):
    before = descriptors()
    processes = [sleeping() for _ in range(3)]
    assert descriptors() == before + 3
    processes[0].close()
    for process in processes:
        # Also the one that has no descriptor any more.
        process.send(signal.SIGKILL)
        until(lambda process=process: process.reap() is not None)
    assert descriptors() == before


def test_a_process_that_has_ended_and_is_not_reaped_can_be_signalled_in_vain(kernel, until, is_alive):
    process = Process(fork(lambda: 0, own_group=True))
    until(lambda: not is_alive(process.pid))
    process.send(signal.SIGTERM)
    process.kill()
    assert process.reap() == 0
