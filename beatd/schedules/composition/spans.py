"""Runs of days, as texts and as numbers from 1970-01-01 on."""

import re
from datetime import date

_EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Span = tuple[int, int]
"""The first and the last of a run of days, numbered from 1970-01-01."""

ALL_DAYS = (date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH)


def read_span(text: str) -> Span:
    """Return the days of ``2026-12-24`` or ``2026-12-27..2026-12-31``. Raises ValueError with the reason."""
    first, dots, last = text.partition("..")
    low = _day(first.strip())
    high = _day(last.strip()) if dots else low
    if high < low:
        msg = f"{text!r} ends before it begins"
        raise ValueError(msg)
    return low, high


def span_text(span: Span) -> str:
    """Return the days as ``read_span`` takes them."""
    low, high = (date.fromordinal(day + _EPOCH).isoformat() for day in span)
    return low if low == high else f"{low}..{high}"


def merged(spans: list[Span]) -> tuple[Span, ...]:
    """Return the runs in order, those that touch as one."""
    found: list[Span] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def fill(spans: tuple[Span, ...], first: int, table: bytearray, value: int) -> None:
    """Set the bytes of the days of these spans, where they fall into the run of days that begins with ``first``."""
    for low, high in spans:
        start, end = max(low - first, 0), min(high - first + 1, len(table))
        if start < end:
            table[start:end] = bytes([value]) * (end - start)


def _day(text: str) -> int:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError as error:
        msg = f"{text!r} is not a date: {error}"
        raise ValueError(msg) from None
    msg = f"{text!r} is not a date; write it as in '2026-12-24' or '2026-12-27..2026-12-31'"
    raise ValueError(msg)
