"""Waiting for a NOTIFY, on a connection of its own; only a hint that hastens a poll."""

import time
from collections.abc import Callable
from uuid import uuid4

import psycopg
from psycopg import sql

from beatd.sqlkit.pgdriver import Driver

_AGAIN = 5.0


class Bell:
    """Rings when somebody announces to a channel.

    ``works`` once a notification has come through: a pooling proxy may swallow them all without a word, and then the
    caller polls.
    """

    def __init__(self, dial: Callable[[], Driver], channel: str) -> None:
        self._dial = dial
        self.channel = channel
        self._driver: Driver | None = None
        self._next_try = 0.0
        self.works = False

    def wait(self, seconds: float) -> bool:
        """Return True once it rang since the last call, False after ``seconds``; never raises."""
        driver = self._driver or self._listen()
        if driver is None:
            time.sleep(seconds)
            return False
        try:
            return driver.readable(seconds) and self._rang(driver)
        except (psycopg.Error, OSError):
            self.close()
            return True  # what was announced meanwhile is not known

    def close(self) -> None:
        """Stop listening."""
        driver, self._driver, self.works = self._driver, None, False
        if driver is not None:
            driver.close()

    def _rang(self, driver: Driver) -> bool:
        driver.pgconn.consume_input()
        rang = False
        while (notice := driver.pgconn.notifies()) is not None:
            self.works = True
            rang = rang or notice.relname.decode() == self.channel
        return rang

    def _listen(self) -> Driver | None:
        if time.monotonic() < self._next_try:
            return None
        self._next_try = time.monotonic() + _AGAIN
        probe = sql.Identifier(f"beatd_probe_{uuid4().hex}")
        words = sql.SQL("LISTEN {channel}; LISTEN {probe}; NOTIFY {probe}")
        try:
            self._driver = self._dial()
            self._driver.execute(words.format(channel=sql.Identifier(self.channel), probe=probe))
        except psycopg.Error:
            self.close()
        return self._driver
