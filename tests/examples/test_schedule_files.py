"""The schedule files that come with the project."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from beatd.core.registry import REGISTRY
from examples.shop import tasks  # noqa: F401  registers them

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("schedules/*.toml"))


def check(folder, *arguments):
    command = [sys.executable, "-m", "beatd", "check", *arguments]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_wrong_or_odd_with_it(path, tmp_path):
    done = check(tmp_path, str(path))
    assert done.returncode == 0, done.stderr
    assert " 0 wrong, 0 odd" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_task_it_calls_exists(path):
    called = {entry["task"] for entry in tomllib.loads(path.read_text())["schedules"].values()}
    assert called <= {*REGISTRY.tasks, "beatd.shell", "beatd.http"}


def test_the_readme_s_schedule_file_has_nothing_wrong(tmp_path):
    text = (ROOT / "README.md").read_text().partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "beatd.toml").write_text(text)
    (tmp_path / "tasks.py").touch()
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 entries: 0 wrong" in done.stdout + done.stderr
