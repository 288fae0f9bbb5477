"""A message's outcome, awaited and shown."""

from threading import Event

import click
import msgspec

from beatd.brokerports import Outcomes, Stored
from beatd.cli.output import clean, json_line, optional_iso, pairs, short
from beatd.clock import SystemClock
from beatd.core.states import FINAL
from beatd.errors import ResultTimeoutError

_POLL_SECONDS = 0.05


def wait_for(outcomes: Outcomes, message_id: str, seconds: float) -> Stored:
    """Return the final outcome. Raises ResultTimeoutError where there is none in time."""
    clock = SystemClock()
    until = clock.elapsed() + int(seconds * 1_000_000)
    while (stored := outcomes.get(message_id)) is None or stored.state not in FINAL:
        if clock.elapsed() >= until:
            state = "nothing is known of it" if stored is None else f"it is {stored.state}"
            raise ResultTimeoutError(f"no outcome of {message_id} within {seconds:g}s ({state}); is a worker running?")
        Event().wait(_POLL_SECONDS)
    return stored


def show(stored: Stored, timezone: str, *, as_json: bool) -> None:
    """Print an outcome."""
    if as_json:
        json_line(
            {
                "message_id": stored.message_id,
                "task": stored.task,
                "state": stored.state,
                "result": stored.result,
                "started_at": optional_iso(stored.started_at),
                "finished_at": optional_iso(stored.finished_at),
                "reason": stored.reason,
                "traceback": stored.traceback,
            }
        )
        return
    values: dict[str, object] = {"id": stored.message_id, "task": stored.task, "state": stored.state.value}
    if stored.started_at is not None:
        values["started"] = short(stored.started_at, timezone)
    if stored.finished_at is not None:
        values["finished"] = short(stored.finished_at, timezone)
        values["result"] = msgspec.json.encode(stored.result).decode()
    if stored.reason:
        values["reason"] = stored.reason
    pairs(values)
    if stored.traceback:
        click.echo(clean(stored.traceback.rstrip()))
