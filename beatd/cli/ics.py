"""Fires as a calendar file (RFC 5545), which calendar programs open."""

import re
from collections.abc import Iterable, Iterator
from uuid import uuid5

from beatd import __version__
from beatd.core.entry import Entry
from beatd.core.identity import NAMESPACE
from beatd.schedules.moments import from_us, iso

_LONGEST = 75
"""Octets of a line, without its end (RFC 5545, 3.1)."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def calendar(fires: Iterable[tuple[int, Entry]], namespace: str, now: int) -> str:
    """Return a calendar with an event for each fire: a moment, which takes no time. Moments in microseconds.

    A fire's UID is the same each time, so that a later export replaces an earlier one.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//beatd//beatd {__version__}//EN", "CALSCALE:GREGORIAN"]
    for fire, entry in fires:
        lines += _event(fire, entry, namespace, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{line}\r\n" for long in lines for line in _folded(long))


def _event(fire: int, entry: Entry, namespace: str, now: int) -> list[str]:
    said = [entry.description, f"task: {entry.task}", f"schedule: {entry.schedule} in {entry.timezone}", iso(fire)]
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uuid5(NAMESPACE, _joined('ics', namespace, str(fire), entry.name))}",
        f"DTSTAMP:{_moment(now)}",
        f"DTSTART:{_moment(fire)}",
        f"SUMMARY:{_text(entry.name)}",
        f"DESCRIPTION:{_text(_joined(*(part for part in said if part)))}",
        "TRANSP:TRANSPARENT",
    ]
    if entry.tags:
        lines.append(f"CATEGORIES:{','.join(map(_text, entry.tags))}")
    return [*lines, "END:VEVENT"]


def _joined(*words: str) -> str:
    return "\n".join(words)


def _moment(microseconds: int) -> str:
    # A calendar knows whole seconds; the description has the rest.
    return f"{from_us(microseconds):%Y%m%dT%H%M%SZ}".rjust(16, "0")


def _text(value: str) -> str:
    """Return a value of type TEXT (RFC 5545, 3.3.11); control characters are not allowed in one."""
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    escaped = plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _CONTROL.sub(" ", escaped).replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Yield a line in pieces of at most 75 octets, never within a character; each but the first begins with a blank."""
    piece, size = "", 0
    for letter in line:
        octets = len(letter.encode(errors="replace"))
        if size + octets > _LONGEST:
            yield piece
            piece, size = " ", 1
        piece += letter
        size += octets
    yield piece
