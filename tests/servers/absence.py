"""What becomes of a test whose server is not there."""

import os
import shutil
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """Skip the test, as on a laptop not all is installed; in CI, where all must be, let it fail."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)  # on a laptop not all is installed


def require_program(name: str) -> str:
    """Return the path of a program that the test needs."""
    return shutil.which(name) or absent(f"no {name} here")
