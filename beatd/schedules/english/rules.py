"""Intervals, the sun and single moments in plain English; each works from the canonical text."""

from datetime import datetime

from beatd.schedules.at import read_at
from beatd.schedules.base import Terms
from beatd.schedules.durations import parse_duration
from beatd.schedules.english.words import length, place, turn
from beatd.schedules.moments import iso

_EVENTS = {
    "dawn_astronomical": "astronomical dawn",
    "dawn_nautical": "nautical dawn",
    "dawn_civil": "civil dawn",
    "dusk_civil": "civil dusk",
    "dusk_nautical": "nautical dusk",
    "dusk_astronomical": "astronomical dusk",
    "solar_noon": "solar noon",
    "midnight": "solar midnight",
}


def interval_words(words: list[str], terms: Terms) -> str:
    """Return what ``every ...`` says: elapsed time has no meaning without where it is counted from."""
    start = "1970-01-01 UTC" if terms.starts_at is None else f"starts_at ({iso(terms.starts_at)})"
    offset = f", {length(parse_duration(words[3]))} after" if len(words) == 4 else ""
    return f"{turn(parse_duration(words[1]))}, counted from {start}{offset}"


def solar_words(words: list[str], terms: Terms) -> str:  # noqa: ARG001  one signature for every kind
    """Return what an event of the sun says."""
    return f"{_shifted(words, 3)} {_event(words[0])} at {place(words[1], words[2])}"


def _event(name: str) -> str:
    hour, _, day = name.partition("_hour_")
    if day:
        return f"the {'end' if day.endswith('_end') else 'start'} of the {day.removesuffix('_end')} {hour} hour"
    return _EVENTS.get(name, name)


def elevation_words(words: list[str], terms: Terms) -> str:  # noqa: ARG001  one signature for every kind
    """Return what ``sun_elevation`` says."""
    height = float(words[1])
    side = "above" if height > 0 else "below" if height < 0 else "at"
    where = "the horizon" if height == 0 else f"{abs(height):g}° {side} the horizon"
    at_all = f"at {where}" if height == 0 else where
    when = f"when the {words[2]} sun is {at_all} at {place(words[3], words[4])}"
    return when if len(words) == 5 else f"{_shifted(words, 5)} the moment {when}"


def _shifted(words: list[str], start: int) -> str:
    if len(words) <= start:
        return "at"
    size = words[start + 1]
    side = "before" if size.startswith("-") else "after"
    return f"{length(parse_duration(size.removeprefix('-')))} {side}"


def at_words(words: list[str], terms: Terms) -> str:
    """Return what a single moment says."""
    moment = datetime.fromisoformat(words[1])
    zone = "UTC" if moment.tzinfo is not None else terms.timezone
    shown = moment.replace(tzinfo=None).isoformat(" ", "auto" if moment.second or moment.microsecond else "minutes")
    if terms.fold == "both" and len(read_at(words[1], " ".join(words)).under(terms).fires) > 1:
        return f"twice, at both passes of {shown} {zone}"
    return f"once, at {shown} {zone}"
