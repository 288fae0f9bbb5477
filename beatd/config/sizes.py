"""Amounts of memory as people write them: ``200MB``, ``1.5GiB``; a bare number is bytes."""

import re
from typing import Any, Final

from beatd.core.field_values import FieldError, shown

LEAST: Final = 10_000_000
"""A Python process takes more than that before it does anything."""

_TEXT: Final = re.compile(r"(\d{1,18}(?:\.\d{1,6})?) ?([A-Za-z]*)")
_UNITS: Final = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}  # fmt: skip
_FORM: Final = 'such as "200MB" or "1.5GiB"; a bare number is bytes'


def size(key: str, value: Any) -> int:
    """Read an amount of memory, in bytes. Raises FieldError."""
    found = _TEXT.fullmatch(str(value).strip()) if isinstance(value, str | int) and value is not True else None
    if found is None or found[2].lower() not in _UNITS:
        raise FieldError(key, f"must be an amount of memory, got {shown(value)}", f"write one {_FORM}")
    amount = round(float(found[1]) * _UNITS[found[2].lower()])
    if amount < LEAST:
        reason = f"{shown(value)} is less than any Python process takes"
        raise FieldError(key, reason, f"write one of 10MB or more, {_FORM}")
    return amount
