"""What a harness tells of each run of a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beatd.core.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run of one task; moments in UTC.

    ``entry`` and ``fire_time`` are those of the schedule that sent it, None for a task sent by code. ``result`` is
    what ``AsyncResult.result`` would be: the value, or a Failure where the state is not SUCCESS.
    """

    task: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    state: State
    result: Any
    at: datetime
    message_id: str
    entry: str | None = None
    fire_time: datetime | None = None
