"""The packages that compute fire times, and their versions as a state keeps them."""

from collections.abc import Mapping
from importlib import metadata

PACKAGES = {"tzdata": "tzdata", "astral": "astral", "dateutil": "python-dateutil", "holidays": "holidays"}
"""Each of them, by the name under which a state keeps its version."""

Versions = Mapping[str, str | None]


def installed() -> dict[str, str | None]:
    """Return the versions that are installed here, by the names in ``PACKAGES``; None for what is not there."""
    return {name: _version(package) for name, package in PACKAGES.items()}


def changes(former: Versions, present: Versions) -> dict[str, tuple[str | None, str | None]]:
    """Return (former, present) of those that changed, by package.

    One that was not there before, or was not yet kept, moves no fire time.
    """
    return {
        package: (former[name], present[name])
        for name, package in PACKAGES.items()
        if former[name] not in {None, present[name]}
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
