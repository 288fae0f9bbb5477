"""What callers and workers ask of a broker: small Protocols, each implemented by one driver per broker.

What ``ports`` says of moments and errors holds here, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from beatd.core.limits.rate import Rate
from beatd.core.message import Delivery, Message
from beatd.core.record import Pause
from beatd.core.states import Outcome, State

NO_RATES: Mapping[str, Rate] = MappingProxyType({})


class Sender(Protocol):
    """The half of a broker that callers need."""

    def send(self, message: Message) -> None:
        """Return only once the broker has taken responsibility; an id already there is ignored."""

    def send_many(self, messages: Sequence[Message]) -> None:
        """Send all in one atomic operation."""

    def begin_many(self, messages: Sequence[Message]) -> Callable[[], None]:
        """Send as ``send_many`` does; what is returned waits for the answer, where the driver need not wait before.

        Until then, and where waiting raises, nobody knows whether the broker has them; to send them again is harmless.
        """

    def send_unique(self, message: Message, *, key: str, lasts: int) -> str:
        """Send unless another message holds the key; return the id of the one that holds it now.

        In one atomic operation. It holds the key while it is unfinished, and for ``lasts`` microseconds at the most.
        Raises NotSupportedError where nobody can tell whether a message is finished.
        """


class Receiver(Protocol):
    """The half of a broker that workers need. ``owner`` names one child process."""

    holds: bool
    """Whether a settlement may wait for the next claim, so that a process that dies takes it along."""

    def claim(
        self, queues: Sequence[str], *, owner: str, limit: int, lease: int, rates: Mapping[str, Rate] = NO_RATES
    ) -> list[Delivery]:
        """Take up to ``limit`` due messages in one atomic operation that starts their lease and counts the attempt.

        Revoked, expired and too often delivered messages are ended on the way (revoked, revoked, dead), not returned.
        Of a task in ``rates`` no more are taken, by all together, than it may have: what is beyond that is delayed
        until its turn, which counts as no attempt, and the claim goes on with what is behind it.
        Nothing is taken from a queue that is paused.
        """

    def settle(self, delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message] = ()) -> bool:
        """End a delivery, store its outcome and send the follow-ups in one atomic step, fenced by owner and attempt.

        ``Verdict.RETRY`` puts the message back for ``outcome.retry_in`` from now, its ``retries`` header raised by one.
        The record of its entry learns of the end in the same step (``core.ending``), and is locked before the message.
        Returns False, and does nothing, where the delivery is no longer this owner's.
        """

    def begin_settle(self, delivery: Delivery, outcome: Outcome, *, hold: bool = False) -> Callable[[], bool]:
        """Settle as ``settle`` does; what is returned waits for the answer, where the driver need not wait before.

        Where the driver ``holds``, with ``hold`` it is settled by the next claim at the latest, or when this or another
        answer is asked for.
        """

    def release(self, owner: str, ids: Sequence[str] | None = None, *, penalty: bool, before: int | None = None) -> int:
        """Put back what ``owner`` holds (or only ``ids``), at once; without ``penalty`` the attempt is not counted.

        ``before``: only what it claimed before that moment.
        """

    def wait(self, queues: Sequence[str], timeout: int) -> bool:
        """Return True soon after something may be claimable, False after ``timeout`` microseconds."""


class Keeper(Protocol):
    """The half of a broker that a supervisor needs for its children, and for those of hosts that are gone."""

    def renew(self, owners: Sequence[str], *, lease: int) -> int:
        """Extend the leases of everything these owners hold; return how many messages."""

    def release(self, owner: str, ids: Sequence[str] | None = None, *, penalty: bool, before: int | None = None) -> int:
        """Put back messages as ``Receiver.release`` does."""

    def reap(self) -> int:
        """Put back every message whose lease has passed; return how many."""


class Outcomes(Protocol):
    """The store of results."""

    def get(self, message_id: str) -> "Stored | None":
        """Return what is known of a message: its outcome, or that it waits or runs; None if nothing is known."""

    def forget(self, message_id: str) -> None:
        """Delete the stored outcome."""

    def prune(self, *, before: int, limit: int = 1000) -> int:
        """Delete at most ``limit`` outcomes finished before that moment; return how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One message's outcome as stored; ``result`` decoded from JSON."""

    message_id: str
    state: State
    result: object = None
    traceback: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    reason: str | None = None
    task: str | None = None


class Limits(Protocol):
    """Broker state that holds messages back."""

    def revoke(self, message_id: str, *, terminate: bool = False) -> bool:
        """End an unstarted message as revoked, or mark a running one; False if it is not known.

        One that runs is not run again; with ``terminate`` its worker ends it, too.
        """

    def purge(self, queue: str, *, reason: str, limit: int = 500) -> int:
        """End as revoked what waits in a queue, due or not, with that reason; return how many, 0 once nothing waits.

        At most ``limit`` at a time, each with all that ``revoke`` does. What runs and what is dead stays.
        """

    def to_terminate(self, owners: Sequence[str]) -> frozenset[tuple[str, int]]:
        """Return (id, attempt) of what these owners run and somebody revoked with termination; takes no lock."""


class Pauses(Protocol):
    """Queues that nobody claims from; sending goes on, and what was claimed is run."""

    def pause(self, queue: str, pause: Pause) -> None:
        """Let no worker claim from a queue, known or not, until it is resumed."""

    def resume(self, queue: str) -> bool:
        """End a pause, and wake who waits; False where there was none."""

    def paused(self) -> dict[str, Pause]:
        """Return the queues that are paused, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """One worker as the broker knows it."""

    worker: str
    host: str
    pid: int
    started_at: int
    seen_at: int
    queues: tuple[str, ...]
    children: tuple[Mapping[str, object], ...]


class QueueAdmin(Protocol):
    """Queues and workers as people ask about them."""

    def sizes(self) -> dict[str, dict[str, int]]:
        """Return per queue how many messages are ready, delayed, claimed and dead."""

    def ready(self, queues: Sequence[str], most: int) -> int:
        """Return how many messages of these queues are ready; nobody counts beyond ``most``."""

    def report(self, worker: WorkerInfo, *, ttl: int) -> None:
        """Say that a worker is alive; forgotten after ``ttl`` microseconds."""

    def retire(self, worker: str) -> None:
        """Forget a worker that stopped."""

    def workers(self) -> list[WorkerInfo]:
        """Return the live workers."""
