"""Public holidays of countries and regions, as the ``holidays`` package (an extra) knows them, a year at a time."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

_EPOCH = date(1970, 1, 1).toordinal()
MISSING = 'public holidays need the holidays package; install it: pip install "beatd[holidays]"'


@lru_cache(maxsize=4096)
def public_holidays(country: str, region: str | None, year: int) -> frozenset[int]:
    """Return the public holidays of a year as days numbered from 1970-01-01; none in years not known.

    Where a holiday on a weekend gives another day off, both are in: the offices are closed on either. Raises
    ValueError where the package, the country or the region is not there.
    """
    if not 1 <= year <= 9999:
        return frozenset()
    # Observed days may lie in the year before or after, so the neighbours are asked too.
    found = _holidays(country, region, range(max(1, year - 1), min(9999, year + 1) + 1))
    return frozenset(day.toordinal() - _EPOCH for day in found if day.year == year)


def check_place(country: str, region: str | None) -> None:
    """Raise ValueError, naming the nearest code, unless there are holidays for this country and region."""
    try:
        from holidays.registry import COUNTRIES
    except ImportError:
        raise ValueError(MISSING) from None
    codes = {names[1]: name for name, names in COUNTRIES.items()}
    if country not in codes:
        meant = {word.casefold().replace("_", " "): names[1] for names in COUNTRIES.values() for word in names}
        meant |= {name.replace("_", " "): code for code, name in codes.items()}
        reason = f"{country!r} is not an ISO 3166 code of two letters that the holidays package knows"
        raise ValueError(reason + _near(country, meant))
    if region is not None and region not in _regions(country):
        known = _regions(country)
        reason = f"{country} has no region {region!r}"
        listed = f"; known: {', '.join(known)}" if len(known) <= 20 else ""
        raise ValueError(reason + (_near(region, _named_regions(country)) or listed or "; leave it out"))


def _holidays(country: str, region: str | None, years: Iterable[int] | None = None) -> "HolidayBase":
    try:
        import holidays
    except ImportError:
        raise ValueError(MISSING) from None
    try:
        return holidays.country_holidays(country, subdiv=region, years=years, observed=True)
    except NotImplementedError as error:
        raise ValueError(str(error)) from None


def _regions(country: str) -> tuple[str, ...]:
    return tuple(_holidays(country, None).subdivisions)


def _named_regions(country: str) -> dict[str, str]:
    named = {code.casefold(): code for code in _regions(country)}
    for code, aliases in _holidays(country, None).get_subdivision_aliases().items():
        named.update((alias.casefold(), code) for alias in aliases)
    return named


def _near(word: str, meant: dict[str, str]) -> str:
    from difflib import get_close_matches

    wanted = word.casefold().replace("_", " ")
    found = [meant[match] for match in get_close_matches(wanted, meant, n=3, cutoff=0.6)]
    return f"; did you mean {' or '.join(repr(code) for code in dict.fromkeys(found))}?" if found else ""
