"""URLs as they may be shown: without their password."""

import re

_PASSWORD = re.compile(r"(?<=://)([^/@:]*):([^/@]*)@")


def masked(url: str) -> str:
    """Return the URL with its password replaced by ``***``."""
    return _PASSWORD.sub(r"\1:***@", url)
