import os
import socket

import pytest

from beatd.processes.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"@beatd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address.replace("@", "\0", 1))
        receiver.settimeout(5)
        yield address, lambda: receiver.recv(4096).decode()


def test_states_are_sent_as_the_protocol_has_them(manager):
    address, receive = manager
    notifier = Notifier(address)
    notifier.ready()
    assert receive() == "READY=1"
    notifier.stopping()
    assert receive() == "STOPPING=1"
    notifier.status("two\nlines")
    assert receive() == "STATUS=two lines"
    notifier.alive()
    assert receive() == "WATCHDOG=1"
    notifier.reloading()
    first, second = receive().split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_the_environment_is_read_once_and_not_left_to_children():
    environ = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier.from_environment(environ).watchdog_interval == 15_000_000
    assert environ == {}


def test_a_watchdog_for_another_process_is_not_ours():
    assert Notifier.from_environment({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}).watchdog_interval is None


@pytest.mark.parametrize("address", [None, "/nowhere/at/all", "vsock:2:1", ""])
def test_without_a_manager_nothing_happens(address):
    Notifier(address).ready()


def test_the_watchdog_is_fed_no_oftener_than_it_needs(manager):
    address, receive = manager
    notifier = Notifier(address, watchdog=4_000_000)
    for now in (0, 1, 999_999, 1_000_000, 1_999_999):
        notifier.feed(now)
    notifier.status("fed")
    assert [receive() for _ in range(3)] == ["WATCHDOG=1", "WATCHDOG=1", "STATUS=fed"]


def test_without_a_watchdog_nothing_is_fed(manager):
    address, receive = manager
    notifier = Notifier(address)
    notifier.feed(0)
    notifier.status("fed")
    assert receive() == "STATUS=fed"
