import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"sqlalchemy", "alembic", "croniter", "astral", "rich", "redis", "click", "watchfiles", "tomlkit"}


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


WORKER = """
import beatd.cli, beatd.cli.worker, beatd.config.load, beatd.app.code, beatd.wiring.worker, beatd.worker.supervisor
from beatd.config.settings import Settings
from beatd.wiring import open_broker, open_state
settings = Settings(broker="redis://127.0.0.1/")
open_broker(settings), open_state(settings)
print(*sorted(sys.modules))
"""
NOT_A_WORKERS = HEAVY - {"redis", "click"} | {
    "beatd.scheduler", "beatd.schedules.text", "beatd.schedules.composition.composed", "beatd.sqlkit",
    "beatd.worker.inprocess", "http.client", "urllib.request", "sqlite3",
}  # fmt: skip


def test_a_worker_on_redis_starts_without_what_only_others_need() -> None:
    code = f"import sys\n{WORKER}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & NOT_A_WORKERS
