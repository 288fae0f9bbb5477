"""Changing the set on a Redis server: one at a time, in pages that nobody reads before the revision is current."""

import random
import threading
from collections.abc import Sequence
from typing import Self
from uuid import uuid4

from beatd.errors import StoreError
from beatd.rediskit.pages import pages
from beatd.rediskit.server import Server

PAGE = 500
TRIES = 20
ALONE_MS = 10_000
"""For how long a scheduler that applies a set keeps others from it without a sign of life."""


class Applying:
    """The right to change the set, which ends with the block, and by itself without a sign of life."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._token = uuid4().hex
        self._committed = False

    def __enter__(self) -> Self:
        """Wait for the right. Raises StoreError while another one has it for long."""
        for _ in range(TRIES):
            left = 1
            while left > 0:
                left = self._server.run("begin", self._token, ALONE_MS)
            if left == 0:
                return self
            threading.Event().wait(random.uniform(0.5, 1.5) * ALONE_MS / 10_000)
        raise StoreError("another scheduler has been applying its set for long; try again")

    def __exit__(self, *_: object) -> None:
        """Give the right back."""
        if not self._committed:
            self._server.run("commit", self._token, 0, False, 0)

    def define(self, revision: int, now: int, contents: Sequence[tuple[str, str]]) -> bool:
        """Write these (name, value of its version), a page at a time; False where another one has the right by now."""
        return all(
            self._server.run("define", self._token, ALONE_MS, revision, now, *zip(*page, strict=True))
            for page in pages(contents, PAGE)
        )

    def commit(self, revision: int, digest: str, first_applied: int) -> bool:
        """Make what was written the current set; False where another one has the right by now."""
        self._committed = bool(self._server.run("commit", self._token, revision, digest, first_applied))
        return self._committed
