"""kill -9 at each point of a step: the successor sends nothing again and loses nothing."""

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.stores.redisrecords import MOST_ITEMS
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


def kill_at(point: str, number: int, names: list[str], folder: Path, url: str, *, batch: int) -> list[int]:
    """Run a scheduler until it kills itself at that point of that step; return how many messages each step had."""
    entries = "".join(f'[schedules.{name}]\ntask = "t"\nschedule = "every 1s"\n' for name in names)
    (folder / "beatd.toml").write_text(entries)
    told = [point, str(number), str(batch), "run", "--no-worker", "--broker", url]
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.doomed", *told, "--schedule", str(folder / "beatd.toml")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    return [int(line) for line in run.stdout.splitlines()]


def take_over(folder: Path, url: str) -> int:
    """Let a successor settle all that is due by a moment, and return that moment."""
    clock = Ahead()
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
    steps = kill_at(point, 2, names, folder, url, batch=batch)
    left = read_ledger(url)
    # Of each item all is there, or nothing.
    assert left.problems(SECOND) == []
    if point not in STORED:
        assert len(left.sent) == steps[0]
    elif point == "stored" and url.startswith("redis") and batch > MOST_ITEMS:
        assert steps[0] < len(left.sent) < sum(steps)  # the first of two scripts
    else:
        assert len(left.sent) == sum(steps)
    due = take_over(folder, url)
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
