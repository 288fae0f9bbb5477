"""Sending a message, with a bounded retry: an id that the broker already has is ignored, so a repeat is harmless."""

import time
from collections.abc import Iterator

from beatd.app.binding import Bound
from beatd.app.calls import Hold
from beatd.brokerports import Sender
from beatd.core.message import Message, too_large
from beatd.core.urls import masked
from beatd.errors import BrokerUnavailableError, NotSerializableError, StoreError


def send(bound: Bound, message: Message, hold: Hold | None, waits: Iterator[float]) -> str:
    """Hand the message to the broker; return its id or, of a call with a ``hold``, that of the one that is there.

    It is tried once more after each of ``waits``. Raises BrokerUnavailableError, NotSupportedError.

    A store that cannot be used at all is told at once, and likewise: to the caller it is all one.
    """
    while True:
        try:
            return _sent(bound.broker.sender, message, hold)
        except BrokerUnavailableError:
            wait = next(waits, None)
            if wait is None:
                raise
            time.sleep(wait)
        except StoreError as error:
            if too_large(message) is not None:
                raise NotSerializableError(str(error)) from None
            raise BrokerUnavailableError(masked(bound.settings.broker), str(error)) from error


def _sent(sender: Sender, message: Message, hold: Hold | None) -> str:
    if hold is not None:
        return sender.send_unique(message, key=hold.key, lasts=hold.lasts)
    sender.send(message)
    return message.id
