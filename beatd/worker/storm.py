"""Children that end soon after their start, again and again: told once, and not with every death."""

import logging
from collections.abc import Mapping
from typing import Final

from beatd.ports import Clock

MINUTE: Final = 60_000_000

logger = logging.getLogger("beatd.worker")


class Storm:
    """Keeps the log readable: a series of deaths is told at its beginning, once a minute, and at its end.

    ``death`` is given one of a few sentences, each of which is told by itself.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: int | None = None
        self._said: dict[str, int] = {}
        self._deaths = 0

    @property
    def lasting(self) -> bool:
        """Whether a series is on."""
        return self._began is not None

    def death(self, sentence: str, fields: Mapping[str, object], wait: int) -> None:
        """Note a death of a series; the next start is ``wait`` microseconds away."""
        now = self._clock.elapsed()
        self._deaths += 1
        self._began = now if self._began is None else self._began
        if now - self._said.get(sentence, -MINUTE) < MINUTE:
            return
        still = "still: " if sentence in self._said else ""
        self._said[sentence] = now
        more = {"restart_in_ms": wait // 1000, "deaths": self._deaths}
        logger.error("%s%s", still, sentence, extra={**fields, **more, "action": "storm"})

    def over(self) -> None:
        """Note that children stay; log it where they did not before."""
        if self._began is not None:
            lasted = (self._clock.elapsed() - self._began) // 1000
            fields = {"action": "storm", "lasted_ms": lasted, "deaths": self._deaths}
            logger.warning("the children stay alive again", extra=fields)
        self._began = None
        self._said.clear()
        self._deaths = 0
