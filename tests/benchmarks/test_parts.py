"""The benchmarks run, at a scale at which their figures mean nothing: what they use of beatd is there."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.postgresql import POSTGRES
from tests.servers.redis import PrivateRedis, private_redis

ROOT = Path(__file__).parents[2]
LONGEST = 100
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "benchmarks").rglob("*.py")
    if path.stem not in ("__init__", "__main__")
)
PEERS = {"apscheduler", "celery", "croniter", "cronsim", "dramatiq", "huey"}

# What each prints when it has come to its end, besides that it says so by its exit code.
RUNS = {
    "worker throughput": r"beatd on SQLite +[\d,.]+ tasks/s",
    "worker sending start": r"beatd +[\d,.]+ messages/s.*beatd [\d,.]+ ms \(at most",
    "worker memory fairness": r"beatd +main process +[\d.]+ MB.*beatd [\d.]+ s \(at most",
    "worker delayed": r"due among them started p50 [-\d,.]+ ms late.* p99 [-\d,.]+ ms \(at most",
    "rows start SQLite": r"the last of the herd [\d.]+ s after its moment",
    "rows edits SQLite": r"edits among 500 rows.* 1 times bulk: median \d+ ms",
}

pytestmark = pytest.mark.slow


@dataclass
class Run:
    process: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> tuple[int, str]:
        code = self.process.wait(LONGEST)
        return code, self.log.read_text()


def start(words: str, server: PrivateRedis, folder: Path) -> Run:
    package, *parts = words.split()
    log = folder / f"{words.replace(' ', '-')}.log"
    told = {"BENCH_SCALE": "0.0005", "REDIS_BENCH_URL": f"{server.url}/13", "POSTGRES_BENCH_URL": POSTGRES}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{package}", *parts],
            cwd=ROOT,
            env={**os.environ, **told},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Run(process, log)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """All at once: most of what they do is to wait."""
    folder = tmp_path_factory.mktemp("benchmarks")
    with private_redis(folder) as start_redis:
        server = start_redis()
        started = {words: start(words, server, folder) for words in RUNS}
        try:
            yield started
        finally:
            for run in started.values():
                if run.process.poll() is None:
                    os.killpg(run.process.pid, signal.SIGKILL)
                    run.process.wait()


@pytest.mark.parametrize("words", RUNS)
def test_a_benchmark_comes_to_its_end_with_figures(words: str, runs: dict[str, Run]) -> None:
    code, said = runs[words].ended()
    assert "NOT MEASURED" not in said, said
    assert code == 0, said
    assert re.search(RUNS[words], said, re.DOTALL), said


@pytest.mark.parametrize("words", ["worker nothing", "rows nothing"])
def test_a_part_that_is_not_there_is_refused_with_those_that_are(words: str) -> None:
    package, part = words.split()
    command = [sys.executable, "-m", f"benchmarks.{package}", part]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "'nothing'" in done.stderr
    assert "start" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_benchmark_finds_what_it_imports_of_beatd() -> None:
    code = f"""
import importlib
for name in {MODULES}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in {PEERS}:
            raise
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_where_redis_refuses_nothing_is_measured_and_the_exit_code_says_so(
    start_redis: Callable[..., PrivateRedis], tmp_path: Path
) -> None:
    server = start_redis("--requirepass", "s3cret")
    code, said = start("worker start", server, tmp_path).ended()
    assert code == 1
    assert "no Redis" in said
