"""The proxy does to connections what its methods say."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.servers.proxy import Proxy


class Echo:
    """Answers each line in capitals, and remembers what it was asked."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(4096):
                    self.heard += data
                    client.sendall(data.upper())
            except OSError:
                pass
            self.lost += 1

    def close(self) -> None:
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes whoever accepts
            self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def proxy(echo: Echo, proxy_to: Callable[[int], Proxy]) -> Proxy:
    return proxy_to(echo.port)


@pytest.fixture
def connect(proxy: Proxy) -> Iterator[Callable[[], socket.socket]]:
    made: list[socket.socket] = []

    def begin() -> socket.socket:
        made.append(socket.create_connection(("127.0.0.1", proxy.port), 5))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def _ask(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return client.recv(4096)


def _is_silent(client: socket.socket, seconds: float = 0.2) -> bool:
    client.settimeout(seconds)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(5)
    return False


def _wait(question: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_passes_everything_on_and_the_end_too(echo, connect):
    client = connect()
    assert _ask(client, b"hello\n") == b"HELLO\n"
    client.close()
    _wait(lambda: echo.lost)


def test_connections_are_reset_and_others_refused_until_it_heals(proxy, connect):
    client = connect()
    assert _ask(client, b"a") == b"A"
    proxy.refuse()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect()
    proxy.heal()
    assert _ask(connect(), b"b") == b"B"


def test_what_a_partition_held_back_arrives_when_it_ends(echo, proxy, connect):
    old = connect()
    assert _ask(old, b"a") == b"A"
    proxy.hold()
    new = connect()
    old.sendall(b"b")
    new.sendall(b"c")
    assert _is_silent(old)
    assert _is_silent(new)
    assert echo.heard == b"a"
    proxy.heal()
    assert old.recv(1) == b"B"
    assert new.recv(1) == b"C"


def test_a_server_that_is_not_there_is_a_reset(echo, connect):
    echo.close()
    with pytest.raises(ConnectionResetError):
        connect().recv(1)


def test_a_cut_connection_is_reset_and_the_next_one_works(proxy, connect):
    client = connect()
    assert _ask(client, b"a") == b"A"
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert _ask(connect(), b"b") == b"B"


def test_each_way_is_delayed_by_itself(proxy, connect):
    client = connect()
    for delays in ((0.3, 0.0), (0.0, 0.3)):
        proxy.delays = delays
        began = time.monotonic()
        assert _ask(client, b"a") == b"A"
        assert 0.3 <= time.monotonic() - began < 3


def test_the_client_of_a_half_open_connection_is_told_nothing(echo, proxy, connect):
    client = connect()
    assert _ask(client, b"a") == b"A"
    proxy.half_open()
    _wait(lambda: echo.lost)
    client.sendall(b"b")
    assert _is_silent(client)
    assert echo.heard == b"a"
    assert _ask(connect(), b"c") == b"C"


def test_a_reply_is_lost_after_the_server_acted(echo, proxy, connect):
    client = connect()
    proxy.lose_reply(to=b"COMMIT")
    assert _ask(client, b"begin") == b"BEGIN"
    assert proxy.is_set
    client.sendall(b"COMMIT")
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert echo.heard == b"beginCOMMIT"
    assert not proxy.is_set
    assert _ask(connect(), b"COMMIT") == b"COMMIT"


def test_a_request_is_cut_in_the_middle(echo, proxy, connect):
    client = connect()
    proxy.cut_request(after=3)
    client.sendall(b"commit")
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    _wait(lambda: echo.lost)
    assert echo.heard == b"com"
