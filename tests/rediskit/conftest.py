"""Redis servers of the tests' own, which they may stop, kill and spoil."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beatd.clock import SystemClock
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.rediskit.server import Server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Private:
    """One redis-server process."""

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

    def tell(self, signum: signal.Signals) -> None:
        os.kill(self.process.pid, signum)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def open(self, **fields: object) -> Server:
        return Server(str(fields.pop("url", self.url)), "tests", SystemClock(), **fields)  # type: ignore[arg-type]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Private]]:
    if shutil.which("redis-server") is None:
        if os.environ.get("CI"):
            pytest.fail("no redis-server here")
        pytest.skip("no redis-server here")
    started: list[Private] = []

    def begin(*options: str) -> Private:
        started.append(Private(tmp_path, *options))
        return started[-1]

    yield begin
    for each in started:
        each.kill()


@pytest.fixture
def private(start: Callable[..., Private]) -> Private:
    return start()


class Proxy:
    """Passes bytes on to a server, and drops the next answer with its connection when it is told to."""

    def __init__(self, port: int) -> None:
        self.target, self.dropping = port, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:  # noqa: FBT001
        try:
            while data := source.recv(65536):
                if answers and self.dropping:
                    self.dropping = False
                    break
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()


@pytest.fixture
def proxy(private: Private) -> Iterator[Proxy]:
    made = Proxy(private.port)
    yield made
    made.listener.close()


@pytest.fixture
def refused() -> Callable[[Server], str]:
    """Return what the server's first use says."""

    def say(server: Server) -> str:
        with pytest.raises((StoreError, BrokerUnavailableError)) as raised:
            server.run("look", 0, ["celery"])
        return str(raised.value)

    return say
