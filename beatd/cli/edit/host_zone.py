"""The time zone of this host, in which its cron reads the lines that name none."""

import os
from pathlib import Path

from beatd.core.field_values import FieldError, zone

_LINK = Path("/etc/localtime")
_NAME = Path("/etc/timezone")


def host_zone() -> str:
    """Return the zone that TZ, the link /etc/localtime or /etc/timezone names, the first that is known; else UTC."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), _linked(), _written()):
        try:
            return zone("timezone", name)
        except FieldError:
            continue
    return "UTC"


def _linked() -> str:
    return str(_LINK.resolve()).rpartition("/zoneinfo/")[2]


def _written() -> str:
    try:
        return _NAME.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
