"""Which entries are asked for, and in what order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from beatd.app.store.store import Order
from beatd.core.rows.row import ScheduleRow
from beatd.schedules.durations import parse_duration
from beatd.schedules.moments import to_us
from beatd.wiring.entries import EntryView

Key = tuple[float, str]
_NEVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``due_within`` in microseconds; None and False: whatever it is."""

    tag: str | None
    task: str | None
    due_within: int | None
    failing: bool
    paused: bool
    errors: bool
    sort: Order
    limit: int | None
    after: str | None

    @property
    def narrows(self) -> bool:
        """Whether there may be entries that are not asked for."""
        narrowing = (self.tag, self.task, self.due_within, self.after, self.failing, self.paused, self.errors)
        return any(each not in (None, False) for each in narrowing)

    def key(self, view: EntryView) -> Key:
        """Return where an entry stands in the order."""
        return self._key(view.name, view.next_fire, view.last_fire)

    def key_of_row(self, row: ScheduleRow) -> Key:
        """Return where a row stands in the order."""
        next_fire, last_fire = (None if at is None else to_us(at) for at in (row.next_fire_at, row.last_fire_at))
        return self._key(row.name, next_fire, last_fire)

    def _key(self, name: str, next_fire: int | None, last_fire: int | None) -> Key:
        if self.sort == "next":
            return (_NEVER if next_fire is None else next_fire), name
        if self.sort == "last":
            return (_NEVER if last_fire is None else -last_fire), name
        return 0, name

    def wants(self, view: EntryView, now: int) -> bool:
        """Return whether an entry of a set is asked for, but for ``failing``."""
        entry = view.version.entry if view.version is not None else None
        if self.tag is not None and (entry is None or self.tag not in entry.tags):
            return False
        if self.task is not None and view.task != self.task:
            return False
        if (self.paused and view.pause is None) or (self.errors and not view.error):
            return False
        return self.due_within is None or (view.next_fire is not None and view.next_fire <= now + self.due_within)


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option("--tag", metavar="TEXT", help="Only those with this tag."),
    click.option("-t", "--task", metavar="NAME", help="Only those of this task."),
    click.option(
        "--due-within", callback=_duration, metavar="DURATION", help="Only those that fire within so long, such as 1h."
    ),
    click.option("--failing", is_flag=True, help="Only those whose newest task that ended has failed."),
    click.option("--paused", is_flag=True, help="Only those that are paused."),
    click.option("--errors", is_flag=True, help="Only those that cannot be used, with the reason."),
    click.option(
        "--sort",
        type=click.Choice(["name", "next", "last"]),
        default="name",
        show_default=True,
        help="By name, by the next fire, or those that fired last first.",
    ),
    click.option("-n", "--limit", type=click.IntRange(1), metavar="N", help="At most so many."),
    click.option("--after", metavar="NAME", help="Only what comes behind this entry: the next page."),
)


def asking(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that make an ``Asked``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
