"""Requests as the server reads them."""

from redis.connection import Connection

from beatd.rediskit.wire import request


def test_a_request_is_the_same_bytes_as_the_client_library_makes() -> None:
    words = ("EVALSHA", "ü" * 3, 1, 2.5, b"\x00\r\n", "", b"x" * 70_000)
    assert request(*words) == b"".join(Connection().pack_command(*words))
