"""What became of one message, looked up by its id."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from beatd.app.binding import Bound
from beatd.app.current import current_app
from beatd.app.failure import Failure
from beatd.brokerports import Stored
from beatd.core.protocol import decode_result
from beatd.core.states import FINAL, State
from beatd.errors import CallError, ResultTimeoutError, TaskFailedError, TaskRevokedError
from beatd.schedules.moments import from_us

if TYPE_CHECKING:
    from beatd.app.app import App

R = TypeVar("R")

_FIRST_WAIT = 0.005
_LONGEST_WAIT = 0.5
_MICROSECONDS = 1_000_000


class AsyncResult(Generic[R]):
    """A message's outcome; everything but ``id`` is read from the result store when asked for, until it is final.

    ``ignored``: the task was sent with ``ignore_result``, so there is nothing to wait for.
    """

    def __init__(self: "AsyncResult[Any]", id: str, app: "App | None" = None) -> None:  # noqa: A002  Celery's word
        self.id = str(id)
        self.ignored = False
        self._app = app
        self._final: Stored | None = None

    @property
    def task_id(self) -> str:
        """The message's id."""
        return self.id

    @property
    def state(self) -> State:
        """PENDING (waiting, or not known), STARTED, RETRY, SUCCESS, FAILURE or REVOKED."""
        stored = self._stored()
        return State.PENDING if stored is None else stored.state

    @property
    def status(self) -> State:
        """The state."""
        return self.state

    @property
    def result(self) -> "R | Failure | None":
        """The task's return value, or a Failure; None while there is neither."""
        stored = self._stored()
        if stored is None:
            return None
        if stored.state in {State.FAILURE, State.RETRY, State.REVOKED}:
            return Failure.of(stored)
        return cast(R, decode_result(stored.result))

    @property
    def traceback(self) -> str | None:
        """The traceback of a failure, as text."""
        stored = self._stored()
        return None if stored is None else stored.traceback

    @property
    def date_done(self) -> datetime | None:
        """When the task ended, in UTC."""
        stored = self._stored()
        return None if stored is None or stored.finished_at is None else from_us(stored.finished_at)

    def ready(self) -> bool:
        """Return whether the task has ended, in whatever way."""
        return self.state in FINAL

    def successful(self) -> bool:
        """Return whether the task has returned."""
        return self.state is State.SUCCESS

    def failed(self) -> bool:
        """Return whether the task has failed for good."""
        return self.state is State.FAILURE

    def get(self, timeout: float | None = None, *, propagate: bool = True, interval: float = _LONGEST_WAIT) -> R:
        """Wait for the task's end and return its value; ``interval`` is the longest wait between looks, in seconds.

        Raises TaskFailedError or TaskRevokedError (without ``propagate`` a failure is returned as a Failure), and
        ResultTimeoutError after ``timeout`` seconds; with None it waits for as long as it takes. Where the result is
        ignored it returns None at once.
        """
        if self.ignored:
            return cast(R, None)
        _check_seconds("timeout", timeout)
        _check_seconds("interval", interval)
        stored = self._wait(timeout, interval)
        if propagate and stored.state is State.REVOKED:
            raise TaskRevokedError(f"task {self.id} was revoked" + (f": {stored.reason}" if stored.reason else ""))
        if propagate and stored.state is State.FAILURE:
            failure = Failure.of(stored)
            raise TaskFailedError(self.id, failure.exc_type, str(failure), failure.traceback, failure)
        return cast(R, self.result)

    def revoke(self) -> bool:
        """End the task unless it has ended: an unstarted one is not run. Return False where the id is not known."""
        return self._bound().broker.limits.revoke(self.id)

    def forget(self) -> None:
        """Delete the stored outcome."""
        self._final = None
        self._bound().broker.outcomes.forget(self.id)

    def __repr__(self) -> str:
        return f"<AsyncResult: {self.id}>"

    def __str__(self) -> str:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncResult) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def _wait(self, timeout: float | None, interval: float) -> Stored:
        clock, wait = self._bound().clock, _FIRST_WAIT
        begun = clock.elapsed()
        while True:
            stored = self._stored()
            if stored is not None and stored.state in FINAL:
                return stored
            if timeout is not None:
                left = timeout - (clock.elapsed() - begun) / _MICROSECONDS
                if left <= 0:
                    raise ResultTimeoutError(f"task {self.id} has not ended after {timeout:g} s; it is {self.state}")
                wait = min(wait, left)
            time.sleep(wait)
            wait = min(wait * 1.5, max(interval, _FIRST_WAIT))

    def _bound(self) -> Bound:
        return (self._app or current_app()).binding.bound()

    def _stored(self) -> Stored | None:
        if self._final is not None:
            return self._final
        stored = self._bound().broker.outcomes.get(self.id)
        if stored is not None and stored.state in FINAL:
            self._final = stored
        return stored


def _check_seconds(name: str, value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise CallError(f"{name}={value!r}: give seconds as a number" + (", or None" if name == "timeout" else ""))
