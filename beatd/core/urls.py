"""URLs as they may be shown: without their password."""

import re

# Up to the last ``@``: a password that was not percent-encoded may hold ``@`` and ``/`` itself.
_PASSWORD = re.compile(r"://([^:/@]*):(.*)@", re.DOTALL)
_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)


def masked(url: str) -> str:
    """Return the URL with its password replaced by ``***``."""
    return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"://\1:***@", url))
