"""A psycopg connection that never waits for ever, and that a fork does no harm."""

import os
import select
import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg import pq, sql
from psycopg.types.numeric import Int8BinaryDumper

ANSWER_SECONDS = 12.0


class Driver(psycopg.Connection[Any]):
    """Used by one thread at a time. ``patience``: seconds of silence after which the server counts as gone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patience = self.usual_patience = ANSWER_SECONDS
        self.announced: set[str] = set()
        self._maker = os.getpid()
        # Always the same type, whatever the size: a prepared statement is kept for each combination of types.
        self.adapters.register_dumper(int, Int8BinaryDumper)

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        """Wait for the server, but not for ever.

        The server's own time-outs are no help where it is stopped, and TCP's none where only its process is.
        """
        return super().wait(self._impatient(gen), *args, **kwargs)

    def _impatient(self, gen: Any) -> Generator[Any, Any, Any]:
        silent_since = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    silent_since = time.monotonic()
                elif time.monotonic() - silent_since > self.patience:
                    gen.close()
                    self.close()
                    raise psycopg.errors.ConnectionTimeout(f"no answer for {self.patience:g} seconds")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def commit(self) -> None:
        """Commit, and tell with it those that were announced to."""
        channels, self.announced = self.announced, set()
        status = self.pgconn.transaction_status
        if status == pq.TransactionStatus.INERROR:
            # A COMMIT would answer with success and roll back.
            raise psycopg.errors.InFailedSqlTransaction("a statement of this transaction failed")
        if status == pq.TransactionStatus.IDLE and not self.closed:
            return
        words = [sql.SQL("NOTIFY {};").format(sql.Identifier(channel)) for channel in sorted(channels)]
        self.execute(sql.SQL("").join([*words, sql.SQL("COMMIT")]))

    def rollback(self) -> None:
        """Roll back where that is possible; where not, close, which comes to the same."""
        self.announced = set()
        if self.closed or os.getpid() != self._maker:
            return
        try:
            super().rollback()
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """Close; not what a parent process opened: that would end its session."""
        if os.getpid() == self._maker:
            super().close()

    def is_lost(self) -> bool:
        """Return whether the server has closed an idle connection; asks nobody."""
        if self.closed:
            return True
        try:
            # Again, because the end comes after the server's last words.
            while self.readable(0):
                self.pgconn.consume_input()
        except psycopg.Error:
            return True
        return self.pgconn.status != pq.ConnStatus.OK

    def readable(self, seconds: float) -> bool:
        """Return whether anything arrives within so many seconds; the end of the connection counts."""
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return bool(poll.poll(max(0, round(seconds * 1000))))
