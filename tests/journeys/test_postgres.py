"""The daemon and its commands on a PostgreSQL server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.postgresql import postgres_schema


@pytest.fixture
def broker():
    with postgres_schema() as url:
        yield url


def _beatd(*arguments, broker, check=True):
    command = [sys.executable, "-m", "beatd", *arguments, "--broker", broker]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _wait(question, seconds=30):
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return answer


def test_the_minimal_schedule_fires_and_runs_and_every_command_works(broker, tmp_path):
    schedule = Path("schedules/minimal.toml").absolute()
    daemon = subprocess.Popen(
        [sys.executable, "-m", "beatd", "run", "--broker", broker, "--schedule", str(schedule)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    try:
        _wait(lambda: "success" in _beatd("runs", broker=broker, check=False))
        assert "hello" in _beatd("list", broker=broker)
        assert "every 5s" in _beatd("show", "hello", broker=broker)
        assert "hello" in _beatd("next", broker=broker)
        assert "1" in _beatd("status", broker=broker)
        message = _beatd("trigger", "hello", broker=broker).split()[1].rstrip(";")
        _wait(lambda: "SUCCESS" in _beatd("result", message, broker=broker, check=False).upper())
        _beatd("pause", "hello", "--note", "stocktaking", broker=broker)
        _wait(lambda: "paused" in _beatd("runs", broker=broker))
        _beatd("resume", "hello", broker=broker)
        assert "sound" in _beatd("db", "check", broker=broker)
        assert "already at schema" in _beatd("db", "upgrade", broker=broker)
        assert "pg_dump" in _beatd("db", "backup", str(tmp_path / "copy"), broker=broker, check=False)
    finally:
        daemon.send_signal(signal.SIGTERM)
        out = daemon.communicate(timeout=40)[0].decode()
    assert daemon.returncode == 0, out
    assert "Traceback" not in out
