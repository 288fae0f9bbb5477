import signal
import socket

import pytest


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_systemd_is_told_when_the_worker_is_ready_and_its_loop_feeds_the_watchdog(shop, tmp_path, pool):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        worker = shop.start(environ, pool=pool)
        told = []
        while told.count("WATCHDOG=1") < 3 or "READY=1" not in told:
            told.append(manager.recv(100).decode())
        worker.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in told:
            told.append(manager.recv(100).decode())
    assert worker.wait(10) == 0
    assert told.count("READY=1") == 1
