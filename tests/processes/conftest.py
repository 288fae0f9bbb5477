import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest


@pytest.fixture
def until():
    """Wait for a condition, bounded."""

    def wait(condition, seconds=10.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.01)
        pytest.fail(f"it did not happen within {seconds} s")

    return wait


@pytest.fixture
def script(tmp_path):
    """Start Python code in a process of its own, in tmp_path, in a session without a terminal."""
    started = []

    def start(code, **environ):
        errors = (tmp_path / "stderr").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-c", dedent(code)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environ},
        )
        errors.close()
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.fixture
def is_alive():
    def alive(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    return alive


@pytest.fixture
def lines(tmp_path):
    """Return the lines of a file in tmp_path that processes append to."""

    def read(name):
        path = tmp_path / name
        return path.read_text().splitlines() if path.exists() else []

    return read
