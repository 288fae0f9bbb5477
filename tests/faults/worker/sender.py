"""``python -m tests.faults.worker.sender URL FILE SEED RATE`` until TERM: sends tasks of all kinds, and writes it down.

A line is written before a message is sent, and another one once the broker has answered for it: "ID, kind, sent or
answered", in columns.
"""

import os
import random
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple
from uuid import UUID

from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.wiring.drivers import Broker, open_for_calls

SECOND = 1_000_000
EVER = 99


class Kind(NamedTuple):
    """How often it is sent, beside the others; what it calls, drawn anew each time."""

    weight: int
    call: Callable[[random.Random], Mapping[str, Any]]


def _dies(dice: random.Random, times: int) -> dict[str, Any]:
    return {"task": dice.choice(("exits", "is_killed", "crashes")), "args": [times]}


KINDS = {
    "noop": Kind(80, lambda _: {"task": "noop"}),
    "nap": Kind(30, lambda dice: {"task": "nap", "args": [dice.uniform(0.01, 0.2)]}),
    "fails": Kind(16, lambda _: {"task": "fails"}),
    "retries": Kind(16, lambda dice: {"task": "retries", "args": [dice.randint(1, 3)]}),
    "stubborn": Kind(8, lambda _: {"task": "retries", "args": [EVER]}),
    "later": Kind(20, lambda dice: {"task": "noop", "countdown": dice.uniform(0, 3)}),
    "expiring": Kind(16, lambda dice: {"task": "noop", "expires": dice.uniform(0, 0.5)}),
    "expiring later": Kind(6, lambda dice: {"task": "noop", "countdown": 1, "expires": dice.uniform(0.5, 2)}),
    "revoked": Kind(10, lambda dice: {"task": "nap", "args": [dice.uniform(0, 1)]}),
    "dies": Kind(3, lambda dice: _dies(dice, 1)),
    "poison": Kind(1, lambda dice: _dies(dice, EVER)),
}


class Sender:
    """Sends one after another; an outage costs it a message, of which nobody knows whether it arrived."""

    def __init__(self, url: str, file: Path, dice: random.Random) -> None:
        self._file, self._dice, self._clock = file, dice, SystemClock()
        self._settings = Settings(broker=url)
        self._broker: Broker | None = None

    def send(self) -> None:
        (kind,) = self._dice.choices([*KINDS], [each.weight for each in KINDS.values()])
        id_ = str(UUID(int=self._dice.getrandbits(128)))
        call = dict(KINDS[kind].call(self._dice))
        now = self._clock.now()
        moments = {"eta": call.pop("countdown", None), "expires": call.pop("expires", None)}
        due = {name: now + round(after * SECOND) for name, after in moments.items() if after is not None}
        self._note(id_, kind, "sent")
        try:
            broker = self._broker = self._broker or open_for_calls(self._settings)
            broker.sender.send(build_message(id=id_, **call, **due))
            self._note(id_, kind, "answered")
            if kind == "revoked":
                Event().wait(self._dice.uniform(0, 0.2))
                broker.limits.revoke(id_, terminate=self._dice.random() < 0.7)
        except (BrokerUnavailableError, StoreError):
            pass  # it may have arrived

    def _note(self, *words: str) -> None:
        # Opened each time: one write of one line, whole in the file before anything is sent.
        fd = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, ("\t".join(words) + "\n").encode())
        os.close(fd)


if __name__ == "__main__":
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    url, path, seed, rate = sys.argv[1:]
    # Another one after each start: an id is never sent twice.
    sender = Sender(url, Path(path), random.Random(f"{seed} {SystemClock().now()}"))
    while not stopping.wait(1 / float(rate)):
        sender.send()
