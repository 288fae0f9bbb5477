import os
import signal
import socket

import pytest

GROUP = """
import os, signal, sys, time
from pathlib import Path
from beatd.clock import SystemClock
from beatd.processes.group import Group
from beatd.processes.logs import set_up_logging
from beatd.processes.member import Part
from beatd.processes.notify import Notifier
from beatd.processes.signals import SignalInbox

def note(text):
    with open("noted", "a") as file:
        file.write(text + "\\n")

def steady(name, heeds=True):
    def run(ready):
        note(f"{name} {os.getpid()}")
        with SignalInbox([signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGTSTP, signal.SIGQUIT]) as inbox:
            ready()
            while True:
                for signum in inbox.drain():
                    note(f"{name} {signum.name}")
                    if signum is signal.SIGTERM and heeds or signum is signal.SIGQUIT and heeds is None:
                        return 0
                time.sleep(0.01)
                ready()
    return run

set_up_logging("info", "logfmt")
group = lambda *parts, stop=2: Group(
    parts, clock=SystemClock(), stop_timeout=stop * 1_000_000, notifier=Notifier.from_environment()
)
"""
BOTH = GROUP + 'sys.exit(group(Part("scheduler", steady("scheduler")), Part("worker", steady("worker"))).run())'


def pid_of(lines, name):
    return [int(line.split()[1]) for line in lines("noted") if line.startswith(name) and line.split()[1].isdigit()]


@pytest.fixture
def both(script, until, lines):
    process = script(BOTH)
    until(lambda: any("message=ready" in line for line in lines("stderr")))
    return process


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_stop_reaches_all_as_term_and_ends_with_0(both, lines, signum):
    both.send_signal(signum)
    assert both.wait(10) == 0
    assert {"scheduler SIGTERM", "worker SIGTERM"} <= set(lines("noted"))


def test_a_part_that_is_killed_is_started_again(both, lines, until):
    os.kill(pid_of(lines, "worker")[0], signal.SIGKILL)
    until(lambda: len(pid_of(lines, "worker")) == 2)
    assert len(pid_of(lines, "scheduler")) == 1
    assert any("worker ended unexpectedly" in line and "exit_code=-9" in line for line in lines("stderr"))


def test_the_parts_die_with_a_group_that_is_killed(both, lines, until, is_alive):
    pids = pid_of(lines, "scheduler") + pid_of(lines, "worker")
    both.send_signal(signal.SIGKILL)
    until(lambda: not any(map(is_alive, pids)))


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGUSR1, signal.SIGTSTP])
def test_other_signals_are_passed_on_once(both, lines, until, signum):
    both.send_signal(signum)
    until(lambda: f"worker {signum.name}" in lines("noted") and f"scheduler {signum.name}" in lines("noted"))
    both.send_signal(signal.SIGTERM)
    both.wait(10)
    assert lines("noted").count(f"worker {signum.name}") == 1


def test_a_signal_to_the_terminals_group_reaches_only_the_parent(both, lines, until):
    os.killpg(both.pid, signal.SIGINT)
    assert both.wait(10) == 0
    assert lines("noted").count("worker SIGTERM") == 1


def test_a_second_request_is_passed_on_as_quit(script, lines, until):
    process = script(GROUP + 'sys.exit(group(Part("w", steady("w", None)), stop=60).run())')
    until(lambda: any("message=ready" in line for line in lines("stderr")))
    process.send_signal(signal.SIGTERM)
    until(lambda: "w SIGTERM" in lines("noted"))
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert lines("noted")[-1] == "w SIGQUIT"


def test_a_part_that_does_not_heed_is_killed_in_the_end(script, lines, until, is_alive):
    code = GROUP + "import beatd.processes.group as g; g._KILL_AFTER = 100_000\n"
    process = script(code + 'sys.exit(group(Part("w", steady("w", False)), stop=0).run())')
    until(lambda: any("message=ready" in line for line in lines("stderr")))
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not is_alive(pid_of(lines, "w")[0])


def test_a_failed_start_up_stops_all_with_1_instead_of_a_storm(script, lines):
    process = script(
        GROUP
        + """
from beatd.errors import AppImportError
def broken(ready):
    note("broken started")
    raise AppImportError("no module named 'shop'")
sys.exit(group(Part("scheduler", steady("scheduler")), Part("worker", broken)).run())
"""
    )
    assert process.wait(10) == 1
    assert lines("noted").count("broken started") == 1
    assert [line for line in lines("stderr") if line.startswith("beatd:")] == ["beatd: no module named 'shop'"]


def test_restarts_of_one_that_keeps_dying_slow_down(script, lines, until):
    process = script(
        GROUP
        + """
def dies(ready):
    note(f"dies {time.monotonic()}")
    return 1
sys.exit(group(Part("worker", dies)).run())
"""
    )
    until(lambda: len(lines("noted")) >= 5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    moments = [float(line.split()[1]) for line in lines("noted")]
    assert moments[4] - moments[0] > 0.05 + 0.1 + 0.2 + 0.4


def test_hup_from_a_terminal_that_closes_is_a_request_to_stop(script, lines, until):
    process = script(
        """
        import fcntl, os, pty, termios
        _, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        """
        + BOTH.replace("\n", "\n" + " " * 8)
    )
    until(lambda: any("message=ready" in line for line in lines("stderr")))
    process.send_signal(signal.SIGHUP)
    assert process.wait(10) == 0
    assert "worker SIGTERM" in lines("noted")


def test_systemd_is_told_when_all_are_ready_and_the_watchdog_is_fed(script, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        process = script(BOTH, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="400000")
        told = []
        while told.count("WATCHDOG=1") < 3 or "READY=1" not in told:
            told.append(manager.recv(100).decode())
        process.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in told:
            told.append(manager.recv(100).decode())
    assert process.wait(10) == 0
    assert told.count("READY=1") == 1


def test_the_watchdog_is_not_fed_for_a_part_that_hangs(script, tmp_path, lines, until):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(1.5)
        script(BOTH, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="2400000")
        until(lambda: any("message=ready" in line for line in lines("stderr")))
        told = [manager.recv(100) for _ in range(5)]
        assert told.count(b"WATCHDOG=1") >= 4
        os.kill(pid_of(lines, "worker")[0], signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            told.extend(manager.recv(100) for _ in range(10))
