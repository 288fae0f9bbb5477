"""Where fires that move to another day come from, and where they go."""

from typing import NamedTuple

from beatd.schedules.composition.progressions import Progression, Run


class Window(NamedTuple):
    """The fires of the inner schedule in [low, high) move by ``shift``, or all to ``onto`` (microseconds)."""

    low: int
    high: int
    shift: int
    onto: int | None = None

    def run(self, every: Progression) -> Run:
        """Return where the moments of a progression come from here are to be found."""
        return Run(self.low + self.shift, self.high + self.shift, Progression(every.start + self.shift, every.every))
