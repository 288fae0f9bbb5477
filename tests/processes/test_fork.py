import os
import signal

import pytest

from beatd.errors import SettingsError
from beatd.processes.fork import STARTUP_FAILURE, fork, kill_group


def code_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (7, 7)])
def test_what_the_function_returns_is_the_exit_code(value, code):
    assert code_of(fork(lambda: value)) == code


def test_system_exit_ends_the_child_with_its_code():
    def leave():
        raise SystemExit(4)

    assert code_of(fork(leave)) == 4


def test_an_error_is_written_with_its_traceback_and_never_returns_into_the_parent(capfd):
    def fail():
        raise ValueError("broken")

    assert code_of(fork(fail)) == 1
    assert "ValueError: broken" in capfd.readouterr().err


def test_a_users_mistake_is_told_without_traceback_and_is_a_start_up_failure(capfd):
    def fail():
        raise SettingsError("beatd.toml", "no such key 'brokr'", "did you mean 'broker'?")

    assert code_of(fork(fail)) == STARTUP_FAILURE
    assert capfd.readouterr().err == "beatd: beatd.toml: no such key 'brokr'; did you mean 'broker'?\n"


def test_a_child_has_its_own_group_default_handlers_no_mask_and_no_input(until):
    reader, writer = os.pipe()

    def tell():
        own = os.getpgrp() == os.getpid()
        handlers = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        unmasked = not signal.pthread_sigmask(signal.SIG_BLOCK, [])
        os.write(writer, repr([own, handlers, ignored, unmasked, os.read(0, 1)]).encode())

    former = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        assert code_of(fork(tell, own_group=True)) == 0
    finally:
        signal.signal(signal.SIGTERM, former)
    assert os.read(reader, 100) == b"[True, True, True, True, b'']"
    os.close(reader)
    os.close(writer)


def test_the_parents_signal_mask_is_as_before():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    os.waitpid(fork(lambda: None), 0)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_children_draw_different_random_numbers():
    import random

    reader, writer = os.pipe()
    for _ in range(2):
        os.waitpid(fork(lambda: os.write(writer, f"{random.random()}\n".encode()) and None), 0)
    first, second = os.read(reader, 100).split()
    assert first != second
    os.close(reader)
    os.close(writer)


def test_killing_the_group_kills_what_the_child_has_started(until, is_alive, tmp_path):
    import subprocess
    import time

    def start():
        started = subprocess.Popen(["sleep", "60"])
        (tmp_path / "pid.new").write_text(str(started.pid))
        (tmp_path / "pid.new").rename(tmp_path / "pid")
        time.sleep(60)

    pid = fork(start, own_group=True)
    until((tmp_path / "pid").exists)
    grandchild = int((tmp_path / "pid").read_text())
    assert is_alive(grandchild)
    kill_group(pid)
    assert code_of(pid) == -signal.SIGKILL
    until(lambda: not is_alive(grandchild))
