"""One fire's message, the same on every host."""

from beatd.core.entry import Entry
from beatd.core.identity import jitter, message_id
from beatd.core.protocol import build_message
from beatd.core.record import Emission
from beatd.schedules.base import Schedule


def emission(namespace: str, entry: Entry, schedule: Schedule, generation: int, fire_time: int) -> Emission:
    """Return the message of one fire; jitter becomes its eta, the fire stays where the schedule names it."""
    eta = None
    if entry.jitter:
        following = schedule.next_us(fire_time)
        eta = fire_time + jitter(entry.name, fire_time, entry.jitter, following and following - fire_time)
    message = build_message(
        id=message_id(namespace, entry.name, generation, fire_time),
        task=entry.task,
        args=entry.args,
        kwargs=entry.kwargs,
        queue=entry.queue,
        priority=entry.priority,
        eta=eta,
        expires=None if entry.expires is None else fire_time + entry.expires,
        time_limit=entry.time_limit,
        soft_time_limit=entry.soft_time_limit,
        headers=entry.headers,
        entry=entry.name,
        fire_time=fire_time,
    )
    return Emission(fire_time, message)
