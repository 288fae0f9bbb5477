"""kill -9, a stop and an orderly end at each point of a step: nothing is sent twice, nothing lost."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.stores.redis.records import MOST_ITEMS
from beatd.wiring.drivers import open_broker, open_state
from beatd.wiring.schedule import Manner, make_scheduler, make_sources
from tests.faults.doomed import POINTS
from tests.faults.ledger import read_ledger
from tests.servers.postgresql import postgres_schema

SECOND = 1_000_000
STORED = ("stored", "answered")


class Ahead(SystemClock):
    """The clock of a successor that starts when the lease of the one that was killed has run out."""

    def now(self) -> int:
        return super().now() + 7 * SECOND


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/beatd.db"
    elif request.param == "redis":
        yield request.getfixturevalue("redis_server").url
    else:
        with postgres_schema() as url:
            yield url


def begin(fate: str, point: str, names: list[str], folder: Path, url: str, *, batch: int) -> subprocess.Popen[str]:
    """Start a scheduler that is befallen at that point of its second step."""
    entries = "".join(f'[schedules.{name}]\ntask = "t"\nschedule = "every 1s"\n' for name in names)
    (folder / "beatd.toml").write_text(entries)
    told = [fate, point, "2", str(batch), "run", "--no-worker", "--broker", url]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.doomed", *told, "--schedule", str(folder / "beatd.toml")],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(run: subprocess.Popen[str], code: int) -> list[int]:
    """Wait for the end; return how many messages each step had."""
    try:
        out, said = run.communicate(timeout=30)
    finally:
        run.kill()
    assert run.returncode == code, said
    return [int(line) for line in out.splitlines()]


def take_over(folder: Path, url: str, clock: SystemClock) -> int:
    """Let a successor settle all that is due by a moment, and return that moment."""
    settings = Settings(broker=url, schedule=(str(folder / "beatd.toml"),))
    with closing(open_state(settings, clock=clock)) as state, closing(open_broker(settings, clock=clock)) as broker:
        sources = make_sources(settings, None)
        scheduler = make_scheduler(settings, state, broker, sources, manner=Manner(), holder="successor", clock=clock)
        scheduler.start()
        assert not scheduler.on_standby
        due, deadline = clock.now(), time.monotonic() + 30
        while (scheduler.next_fire() or 0) <= due:
            scheduler.tick()
            assert time.monotonic() < deadline
        assert scheduler.report.conflicts == 0
    return due


def kill_and_take_over(point, names, folder, url, caplog, *, batch) -> None:
    steps = ended(begin("kill", point, names, folder, url, batch=batch), -signal.SIGKILL)
    left = read_ledger(url)
    # Of each item all is there, or nothing.
    assert left.problems(SECOND) == []
    if point not in STORED:
        assert len(left.sent) == steps[0]
    elif point == "stored" and url.startswith("redis") and batch > MOST_ITEMS:
        assert steps[0] < len(left.sent) <= sum(steps)  # the first of two scripts, which are sent together
    else:
        assert len(left.sent) == sum(steps)
    due = take_over(folder, url, Ahead())
    found = read_ledger(url)
    assert found.problems(SECOND) == []
    assert set(found.records) == set(names)
    assert set(left.sent) <= set(found.sent)
    assert all(cursor > due - 2 * SECOND for _, cursor in found.records.values())
    assert "was there already" not in caplog.text


@pytest.mark.parametrize("point", POINTS)
def test_a_scheduler_killed_at_a_point_of_a_step_of_one_item_neither_loses_nor_doubles(
    point, tmp_path, url, caplog
) -> None:
    kill_and_take_over(point, ["a"], tmp_path, url, caplog, batch=1)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_scheduler_killed_at_a_point_of_a_step_of_a_thousand_items_neither_loses_nor_doubles(
    point, tmp_path, url, caplog
) -> None:
    names = [f"e{number}" for number in range(1000)]
    kill_and_take_over(point, names, tmp_path, url, caplog, batch=1000)


@pytest.mark.parametrize("point", ["before_sending", "in_mid_request"])
def test_a_scheduler_stopped_past_its_lease_in_a_step_sends_nothing_when_it_goes_on(point, tmp_path, url) -> None:
    run = begin("stop", point, ["a"], tmp_path, url, batch=1)
    try:
        stopped = wait_for_stop(run.pid)
        if point == "in_mid_request" and url.startswith("sqlite"):
            # It holds the lock of the file, and nobody else can end its transaction, as a server does.
            os.kill(stopped, signal.SIGCONT)
        due = take_over(tmp_path, url, Ahead())
        os.kill(stopped, signal.SIGCONT)
        time.sleep(0.5)
    finally:
        run.terminate()
    ended(run, 0)
    found = read_ledger(url)
    assert found.problems(SECOND) == []
    assert found.records["a"][1] > due - 2 * SECOND


@pytest.mark.parametrize("point", ["before_sending", "in_mid_request", "answered"])
def test_a_scheduler_told_to_end_in_a_step_finishes_it_and_hands_over_at_once(point, tmp_path, url) -> None:
    steps = ended(begin("end", point, ["a"], tmp_path, url, batch=1), 0)
    left = read_ledger(url)
    assert left.problems(SECOND) == []
    assert len(left.sent) == sum(steps)
    take_over(tmp_path, url, SystemClock())
    assert read_ledger(url).problems(SECOND) == []


def wait_for_stop(supervisor: int) -> int:
    """Return the scheduler's process once it is stopped."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return int(child)
        time.sleep(0.02)
    raise AssertionError
