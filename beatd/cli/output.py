"""What people and scripts read: tables, JSON lines, moments."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from beatd.schedules.moments import from_us, iso

_WIDE = 10_000
_CELL = 80


def json_line(value: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(msgspec.json.encode(value).decode())


def optional_iso(moment: int | None) -> str | None:
    """Return a moment in ISO 8601 with ``Z``, None for none."""
    return None if moment is None else iso(moment)


def local(moment: int, timezone: str) -> datetime:
    """Return a moment as the clocks of a zone show it."""
    return from_us(moment).astimezone(ZoneInfo(timezone))


def short(moment: int | None, timezone: str = "UTC") -> str:
    """Return a moment for people, to the millisecond where it has a fraction; ``-`` for none."""
    if moment is None:
        return "-"
    shown = local(moment, timezone)
    fraction = f".{shown.microsecond // 1000:03d}" if shown.microsecond else ""
    return f"{shown:%Y-%m-%d %H:%M:%S}{fraction} {shown:%Z}"


def span(milliseconds: float | None) -> str:
    """Return a length of time for people; ``-`` for none."""
    if milliseconds is None:
        return "-"
    if abs(milliseconds) < 1000:
        return f"{milliseconds:.0f}ms"
    seconds = milliseconds / 1000
    if abs(seconds) < 120:
        return f"{seconds:.1f}s"
    return f"{seconds / 60:.0f}m" if abs(seconds) < 7200 else f"{seconds / 3600:.1f}h"


def clean(value: object) -> str:
    """Return text that cannot steer a terminal, whatever a task's error holds."""
    text = "-" if value is None else str(value)
    return "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text)


def one_line(value: object) -> str:
    """Return ``clean`` text without line breaks, so that nobody's text passes for a line of ours."""
    return clean(value).replace("\n", " ")


def beginning(text: str) -> str:
    """Return a text short enough for a table's cell; a schedule may have thousands of characters."""
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; on a terminal long cells are folded, elsewhere each row is one line."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    grid = Table(box=None, pad_edge=False, header_style="bold" if terminal else "")
    for column in columns:
        grid.add_column(column, overflow="fold", no_wrap=not terminal)
    for row in rows:
        grid.add_row(*(Text(clean(cell) if terminal else one_line(cell)) for cell in row))
    console = Console(highlight=False) if terminal else Console(width=_WIDE, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(grid)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def pairs(values: Mapping[str, object]) -> None:
    """Print a name and a value per line."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        click.echo(f"{name:<{width}}  {one_line(value)}".rstrip())
