"""A task message, Celery protocol v2: headers, and a body of ``[args, kwargs, embed]``."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a broker carries.

    ``headers`` are those of Celery's task protocol 2 (``task id eta expires retries timelimit root_id …``) plus
    beatd's (``beatd_entry``, ``beatd_fire_time``, ``periodic_task_name``, ``beatd_trigger``).
    ``priority`` 0-9, higher is sooner, None for the broker's default place (0).
    ``due`` is the moment from which it may be claimed, ``expires`` the moment after which it must not be run;
    microseconds since the epoch, ``due`` 0 for at once.
    """

    id: str
    task: str
    queue: str
    headers: dict[str, Any]
    body: bytes
    content_type: str = "application/json"
    content_encoding: str = "utf-8"
    priority: int | None = None
    due: int = 0
    expires: int | None = None
    entry: str | None = None
    fire_time: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message in a worker's hand, to be settled exactly once; ``attempt`` (1, 2, …) fences the settlement."""

    message: Message
    attempt: int
    owner: str
    lease_until: int
