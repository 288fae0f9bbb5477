import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"sqlalchemy", "alembic", "croniter", "astral", "rich", "redis", "click", "watchfiles"}


def imported(code: str) -> tuple[int, set[str]]:
    """Return the microseconds that ``import beatd`` took, and the top-level packages loaded in the end."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
    took = {name.strip(): int(total) for _, total, name in lines if total.strip().isdigit()}
    return took["beatd"], {name.partition(".")[0] for name in took}


def test_import_beatd_is_quick_and_loads_nothing_heavy() -> None:
    found = [imported("import beatd") for _ in range(3)]
    assert min(took for took, _ in found) < 50_000
    assert not found[0][1] & HEAVY
    assert not found[0][1] & {"msgspec", "logging", "asyncio"}


def test_declaring_tasks_loads_no_store_and_no_command_line() -> None:
    code = "import beatd\n@beatd.periodic('every 5m')\ndef report(): ...\nbeatd.App()\nbeatd.AsyncResult('x')"
    _, loaded = imported(code)
    assert not loaded & HEAVY


@pytest.mark.parametrize("name", ["errors", "ports", "core.protocol", "core.message"])
def test_the_core_loads_nothing_heavy(name: str) -> None:
    _, loaded = imported(f"import beatd; import beatd.{name}")
    assert not loaded & HEAVY
