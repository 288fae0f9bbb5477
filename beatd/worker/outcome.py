"""What becomes of a run: the one table of outcomes, pure."""

import sys
import traceback
from typing import Any

import msgspec

from beatd.core.registry import TaskOptions
from beatd.core.retry import backoff
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import (
    CommandFailedError,
    NotSerializableError,
    RequestFailedError,
    Retry,
    TaskRefusedError,
    TimeLimitExceeded,
)
from beatd.worker.context import RetryAsked

SECOND = 1_000_000
_REASON_LENGTH = 500
_MESSAGE_LENGTH = 10_000
_TRACEBACK_LENGTH = 50_000
_SMALL = 2**63
_ITSELF = (int, float, bool, type(None))
_TELL_ALL = (TaskRefusedError, CommandFailedError, RequestFailedError)
"""Errors of the built-in tasks: their text says all, and a traceback would show beatd's own frames only."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as it went; moments in microseconds, ``draw`` in [0, 1) decides the jitter of a retry."""

    worker: str
    started_at: int
    finished_at: int
    retries: int = 0
    keep: bool = True
    draw: float = 0.0


def succeeded(run: Run, result: Any) -> Outcome:
    """Return the outcome of a task that returned; ``result`` is a JSON value."""
    return Outcome(
        verdict=Verdict.DONE,
        state=State.SUCCESS,
        result=result if run.keep else None,
        started_at=run.started_at,
        finished_at=run.finished_at,
        worker=run.worker,
        keep=run.keep,
    )


def raised(run: Run, options: TaskOptions, error: BaseException) -> Outcome:
    """Return the outcome of a task that raised: another run where that is asked for and left, else a failure."""
    # A message that was settled before its run cannot come back.
    again = options.acks == "late" and (isinstance(error, Retry) or _retries_by_itself(options, error))
    if not again:
        return failed(run, error)
    counted = isinstance(error, RetryAsked)
    if not counted and options.max_retries is not None and run.retries >= options.max_retries:
        return failed(run, error, verdict=Verdict.DEAD, prefix=f"{_used(options.max_retries)}: ")
    countdown = error.countdown if isinstance(error, Retry) else None
    wait = backoff(options, run.retries, run.draw) if countdown is None else max(0.0, countdown)
    return Outcome(
        verdict=Verdict.RETRY,
        state=State.RETRY,
        result=describe(_behind(error)),
        traceback=_traceback(_behind(error)),
        started_at=run.started_at,
        finished_at=run.finished_at,
        reason=_reason("", error),
        retry_in=round(wait * SECOND),
        worker=run.worker,
        keep=run.keep,
    )


def failed(run: Run, error: BaseException, *, verdict: Verdict = Verdict.DONE, prefix: str = "") -> Outcome:
    """Return the outcome of a run that failed for good; ``DEAD`` puts the message to the dead letters."""
    return Outcome(
        verdict=verdict,
        state=State.FAILURE,
        result=describe(error),
        traceback=_traceback(error),
        started_at=run.started_at,
        finished_at=run.finished_at,
        reason=_reason(prefix, error),
        worker=run.worker,
    )


def started(run: Run) -> Outcome:
    """Return what is settled before a task runs that may run once at most."""
    return Outcome(verdict=Verdict.DONE, state=State.STARTED, started_at=run.started_at, worker=run.worker)


def killed_at_limit(run: Run, task: str, limit: float) -> Outcome:
    """Return the outcome of a task whose process was killed at its hard time limit, in seconds."""
    return failed(run, TimeLimitExceeded(f"{task} did not end within its time limit of {limit:g} s and was killed"))


def unstorable(outcome: Outcome, error: BaseException) -> Outcome:
    """Return what to store instead of an outcome that the broker did not take for what is in it."""
    return Outcome(
        verdict=Verdict.DEAD if outcome.verdict is Verdict.DEAD else Verdict.DONE,
        state=State.FAILURE,
        result=describe(told := NotSerializableError(f"its outcome could not be stored: {_named(error)}")),
        started_at=outcome.started_at,
        finished_at=outcome.finished_at,
        reason=_reason("", told),
        worker=outcome.worker,
    )


def unreadable(what: str, value: object, error: BaseException) -> NotSerializableError:
    """Return, while ``error`` is handled, what to tell of an object of the user's own that raised it when looked at.

    ``what``: what the task did with the object, as in "returned".
    """
    told = f"the task {what} {_name(type(value))}, which could not be read: {_named(error)}"
    # Not the error's own attribute, which may be a property that raises.
    return NotSerializableError(told).with_traceback(sys.exc_info()[2])


def describe(error: BaseException) -> dict[str, object]:
    """Return an error as results carry it, in Celery's form."""
    kind = type(error)
    return {
        "exc_type": _storable(kind.__name__),
        "exc_message": _message(error),
        "exc_module": _storable(str(kind.__module__)),
    }


def _retries_by_itself(options: TaskOptions, error: BaseException) -> bool:
    return isinstance(error, options.autoretry_for) and not isinstance(error, options.dont_autoretry_for)


def _used(retries: int) -> str:
    if retries == 0:
        return "no retries left"
    return "its only retry is used" if retries == 1 else f"all {retries} retries used"


def _behind(error: BaseException) -> BaseException:
    cause = error.cause if isinstance(error, RetryAsked) else None
    return error if cause is None else cause


def _reason(prefix: str, error: BaseException) -> str:
    whole = _text(error) if isinstance(error, RetryAsked) else _named(error)
    return (prefix + whole)[:_REASON_LENGTH]


def _named(error: BaseException) -> str:
    name, text = _name(type(error)), _text(error)
    return f"{name}: {text}" if text else name


def _name(kind: type) -> str:
    # Past any metaclass, whose property of that name may raise.
    return _storable(type.__dict__["__name__"].__get__(kind))


def _traceback(error: BaseException) -> str | None:
    """Return the traceback's text, beginning and end of a very long one; none for an error never raised or our own."""
    if error.__traceback__ is None or isinstance(error, _TELL_ALL):
        return None
    try:
        lines = traceback.format_exception(error, limit=50)
    except BaseException:  # noqa: BLE001  notes, causes and what else hangs on it are the user's, and may raise anything
        lines = ["Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__, limit=50)]
        lines.append(f"{_named(error)}\n")
    text = _storable("".join(lines))
    if len(text) <= _TRACEBACK_LENGTH:
        return text
    half = _TRACEBACK_LENGTH // 2
    return text[: half - 5] + "\n...\n" + text[-half:]


def _message(error: BaseException) -> list[object]:
    """Return an error's arguments, as Celery does, where its text can be told from them; else its text alone."""
    text = _text(error)
    try:
        args = [_plain(each) for each in error.args]
        told = str(args[0]) if len(args) == 1 else str(tuple(args)) if args else ""
    except BaseException:  # noqa: BLE001  the user's own __repr__ may raise anything, SystemExit too
        return [text[:_MESSAGE_LENGTH]]
    return args if text == told or type(error).__str__ is KeyError.__str__ else [text[:_MESSAGE_LENGTH]]


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _storable(value)[:_MESSAGE_LENGTH]
    # Of the types themselves: JSON's encoder takes no subclass, such as NumPy's float64, and no number of any length.
    if type(value) in _ITSELF and not (type(value) is int and abs(value) >= _SMALL):
        return value
    return _storable(repr(value))[:_MESSAGE_LENGTH]


def _text(error: BaseException) -> str:
    try:
        return _storable(str(error))
    except BaseException:  # noqa: BLE001  the user's own __str__ may raise anything, SystemExit too
        return "(its text cannot be read)"


def _storable(text: str) -> str:
    """Return text as every broker takes it: no surrogates, which UTF-8 lacks, and no NUL, which PostgreSQL refuses."""
    return str.encode(text, errors="backslashreplace").decode().replace("\0", "\\x00")
