"""What is drawn at random may name no moment at all: then it is refused, with that reason and no other."""

from collections.abc import Callable
from typing import TypeVar

from beatd.errors import InvalidScheduleError

Read = TypeVar("Read")


def possible(read: Callable[..., Read], *given: object) -> Read | None:
    """Return what ``read`` makes of what is given, None where that can never fire."""
    try:
        return read(*given)
    except InvalidScheduleError as error:
        if "never fire" not in str(error):
            raise
        return None
