"""Sending a message, with a bounded retry: an id that the broker already has is ignored, so a repeat is harmless."""

import random
import time

from beatd.app.binding import Bound
from beatd.core.message import Message, too_large
from beatd.core.urls import masked
from beatd.errors import BrokerUnavailableError, NotSerializableError, StoreError

_FIRST_WAIT = 0.05
# A last try is begun by then, so that a broker which answers quickly that it is not there is given up within 3 s.
_PATIENCE = 1_000_000


def send(bound: Bound, message: Message, *, retry: bool) -> None:
    """Hand the message to the broker. Raises BrokerUnavailableError, with ``retry`` only after trying for a second.

    A store that cannot be used at all is told at once, and likewise: to the caller it is all one.
    """
    begun, wait = bound.clock.elapsed(), _FIRST_WAIT
    while True:
        try:
            bound.broker.sender.send(message)
        except BrokerUnavailableError:
            pause = wait * random.uniform(0.5, 1.0)
            if not retry or bound.clock.elapsed() - begun + pause * 1_000_000 > _PATIENCE:
                raise
            time.sleep(pause)
            wait *= 2
        except StoreError as error:
            if too_large(message) is not None:
                raise NotSerializableError(str(error)) from None
            raise BrokerUnavailableError(masked(bound.settings.broker), str(error)) from error
        else:
            return
