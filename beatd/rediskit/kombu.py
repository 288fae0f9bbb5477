"""kombu's layout, as Celery's workers and clients have it on a Redis server."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from beatd.core.message import Message
from beatd.core.states import Outcome
from beatd.core.urls import masked
from beatd.errors import StoreError
from beatd.rediskit.celery_meta import meta_of
from beatd.rediskit.envelope import HIGHEST, envelope_of, level_of, message_in
from beatd.rediskit.layout import Told
from beatd.rediskit.messages import outline_of

STEPS = "0,3,6,9"
LOOK_SECONDS = 0.1

# No record is told of an end: the fields in which beatd's own layout names the entry stay empty.
_NOTHING = (None,) * 8
_encode = msgspec.json.Encoder().encode


class KombuLayout:
    """A list for each step of priority; ids that wait there cannot be looked up.

    ``keyprefix``: kombu's ``global_keyprefix``; ``steps``: its ``priority_steps``; ``result_keyprefix``: what stands
    before ``celery-task-meta-``; ``result_lasts``: microseconds for which outcomes are kept there.
    """

    fragment = "kombu"
    # Clients of Celery wake nobody, and a blocking read would take the message off its list before it has a lease.
    longest_wait = LOOK_SECONDS
    # Celery's workers report nothing back.
    sees_finish = False
    others = "kombu's"
    sends_one = False

    def __init__(
        self, *, keyprefix: str = "", steps: str = STEPS, result_keyprefix: str = "", result_lasts: int
    ) -> None:
        self.results = f"{result_keyprefix}celery-task-meta-"
        self._result_ms = max(1, result_lasts // 1000)
        self.constants: tuple[str, ...] = (keyprefix, steps, self.results, str(self._result_ms))

    def place_of(self, message: Message) -> int:
        """Return where in its queue a message stands; without priority it is with the soonest, as kombu has it."""
        return HIGHEST - level_of(message)

    def packed(self, message: Message) -> bytes:
        """Return the envelope, behind what the scripts look at."""
        meta = _encode((message.task, message.queue, message.id, *_NOTHING))
        return b"%d %d %b\n%b" % (self.place_of(message), message.expires or 0, meta, envelope_of(message))

    def message_of(self, value: bytes) -> Message:
        """Return the message that a value holds. Raises MalformedMessageError."""
        return message_in(value.partition(b"\n")[2], outline_of(value).queue)

    def told(self, message: Message, outcome: Outcome, now: int, /) -> Told | None:
        """Return the outcome where a client of Celery looks for it; none for a task whose result is ignored."""
        if not outcome.keep:
            return None
        return f"{self.results}{message.id}", meta_of(message, outcome, now), self._result_ms

    def unmet(self, info: Mapping[str, Any], url: str, /) -> str | None:
        """Return what is wrong with a cluster: kombu's lists and the records would lie in several slots."""
        if str(info.get("redis_mode")) != "cluster" and str(info.get("cluster_enabled")) != "1":
            return None
        return f"{url} is a Redis Cluster, which kombu cannot use; name a server that is not clustered"


def kombu_layout(url: str, result_lasts: int) -> KombuLayout:
    """Return the layout that a ``celery+redis://`` URL asks for. Raises StoreError, without the password."""
    options = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    steps = options.get("priority_steps", STEPS)
    numbers = [int(each) for each in steps.split(",") if each.isascii() and each.isdigit()]
    fits = ",".join(map(str, numbers)) == steps and numbers == sorted(set(numbers))
    if not fits or not numbers or numbers[0] != 0 or numbers[-1] > HIGHEST:
        raise StoreError(
            f"{masked(url)}: priority_steps={steps!r}; write what Celery's priority_steps says, rising from 0 to "
            f"{HIGHEST} at most, as in {STEPS}"
        )
    return KombuLayout(
        keyprefix=options.get("global_keyprefix", ""),
        steps=steps,
        result_keyprefix=options.get("result_keyprefix", ""),
        result_lasts=result_lasts,
    )
