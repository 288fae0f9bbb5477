"""Apps on a real SQLite file, and a registry that each test leaves as it found it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beatd.app import current
from beatd.app.app import App
from beatd.app.binding import use_settings
from beatd.clock import SystemClock
from beatd.core.registry import REGISTRY
from beatd.core.states import Outcome
from beatd.worker.runner import Runner

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder, without settings from the environment, and undo every declaration."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("BEATD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules, apps = set(sys.modules), list(current._apps)
    kept = [(each, dict(each)) for each in (REGISTRY.tasks, REGISTRY.periodic, REGISTRY.places)]
    for each, _ in kept:
        each.clear()
    current._apps.clear()
    yield
    use_settings(None)
    current._apps[:] = apps
    for each, former in kept:
        each.clear()
        each.update(former)
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = App("shop", broker=f"sqlite:///{tmp_path}/queue.db")
    yield made
    made.close()


@pytest.fixture
def work(app: App) -> Callable[[], list[Outcome]]:
    """Run everything that is due, as a worker does, and return the outcomes."""

    def run() -> list[Outcome]:
        clock, broker = SystemClock(), app.binding.bound().broker
        runner = Runner(REGISTRY, [], clock, worker="test")
        outcomes = []
        for delivery in broker.receiver.claim(["celery", "mail"], owner="test", limit=100, lease=60_000_000):
            call = runner.read(delivery)
            outcome = call if isinstance(call, Outcome) else runner.run(call, clock.now())
            assert broker.receiver.settle(delivery, outcome)
            outcomes.append(outcome)
        return outcomes

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file below the test's folder."""

    def run(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return run


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run Python in a process of its own, in the test's folder."""

    def run(*args: str, cwd: Path = tmp_path, **environ: str) -> "subprocess.CompletedProcess[str]":
        inherited: dict[str, Any] = {key: value for key, value in os.environ.items() if not key.startswith("BEATD_")}
        return subprocess.run(
            [sys.executable, *args],
            cwd=cwd,
            env={**inherited, "PYTHONPATH": str(ROOT), **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
