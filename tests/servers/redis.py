"""Private Redis servers."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beatd.clock import SystemClock
from beatd.rediskit.server import Server
from tests.servers.absence import require_program
from tests.servers.port import free_port


class PrivateRedis:
    """One redis-server process; its files lie in ``folder``."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options, self.port = folder, options, free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        with (self.folder / "redis.log").open("a") as log:
            self.process = subprocess.Popen([*command, "--save", "", *self.options], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.folder / "redis.log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("redis-server does not listen")

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def open(self, **fields: object) -> Server:
        return Server(str(fields.pop("url", self.url)), "tests", SystemClock(), **fields)


@contextmanager
def private_redis(folder: Path) -> Iterator[Callable[..., PrivateRedis]]:
    """Yield what starts a server with these options; those started are killed at the end."""
    require_program("redis-server")
    started: list[PrivateRedis] = []

    def begin(*options: str) -> PrivateRedis:
        started.append(PrivateRedis(folder, *options))
        return started[-1]

    try:
        yield begin
    finally:
        for each in started:
            each.kill()
