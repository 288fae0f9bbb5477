"""Whole workers, one after another: what befalls their processes, and what a great many tasks come to."""

import os
import random
import time
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from uuid import UUID

import pytest

from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.wiring.drivers import open_broker
from tests.faults.stores import DRIVERS, open_store
from tests.faults.worker.account import count_waiting, read_account
from tests.faults.worker.farm import Farm, until
from tests.faults.worker.worker import LEASE

pytestmark = pytest.mark.slow
MB = 1024


class Direct:
    """A broker that is reached past its proxies, which would be what takes the time."""

    def __init__(self, store):
        self.url = store.url

    def url_for(self, place):
        return self.url


class Works:
    """A farm, and a way to send to it that nothing spoils."""

    def __init__(self, farm):
        self.farm = farm
        self.broker = open_broker(Settings(broker=farm.store.url))
        self._dice = random.Random(1)

    def send_many(self, task, count, *args, **fields):
        """Send so many, a thousand at once; return their ids."""
        ids = [str(UUID(int=self._dice.getrandbits(128))) for _ in range(count)]
        for first in range(0, count, 1000):
            self.broker.sender.send_many(
                [build_message(id=id_, task=task, args=args, **fields) for id_ in ids[first : first + 1000]]
            )
        return ids

    def send(self, task, *args, **fields):
        (id_,) = self.send_many(task, 1, *args, **fields)
        return id_

    def end_of(self, id_):
        return str(read_account(self.farm.store.url).ends.get(id_))

    def begun(self, id_):
        return self.farm.begun().count(id_)


@pytest.fixture
def works_on(tmp_path):
    """Start workers on the broker of a driver."""

    @contextmanager
    def start(driver, workers=1):
        with open_store(driver, tmp_path, workers) as store:
            farm = Farm(tmp_path, Direct(store), workers=workers)
            try:
                farm.start()
                made = Works(farm)
                yield made
                farm.stop()
                assert not farm.lines_with("Traceback")
                made.broker.close()
            finally:
                farm.end()

    return start


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_short_task_waits_for_a_long_one_while_a_child_is_idle(works_on, driver):
    with works_on(driver) as works:
        works.send_many("noop", 100)
        works.farm.drain()
        long = works.send("waits", "all the others")
        until(lambda: works.begun(long))
        short = works.send_many("noop", 1000)
        until(lambda: count_waiting(works.farm.store.url) == 1, 40)
        assert {*short} < {*works.farm.begun()}
        assert works.end_of(long) == "None"
        (works.farm.folder / "all the others").touch()
        works.farm.drain()
        assert works.end_of(long) == "done"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_worker_stopped_beyond_its_lease_has_its_outcome_dropped(works_on, driver):
    with works_on(driver, workers=2) as works:
        id_ = works.send("nap", 1)
        until(lambda: works.begun(id_))
        first = works.farm.who_runs(id_)
        first.tell_all(SIGSTOP)
        try:
            until(lambda: works.end_of(id_) == "done", 10 + 3 * LEASE)
            end = read_account(works.farm.store.url).ends[id_]
        finally:
            first.tell_all(SIGCONT)
        until(lambda: "outcome is dropped" in first.log.read_text())
        assert works.begun(id_) == 2
        assert read_account(works.farm.store.url).ends[id_] == end


@pytest.mark.parametrize("driver", ["sqlite", "redis"])
def test_a_worker_that_is_killed_takes_its_children_along_and_another_runs_what_they_held(works_on, driver):
    with works_on(driver, workers=2) as works:
        ids = works.send_many("nap", 4, 1)
        until(lambda: {*ids} <= {*works.farm.begun()})
        first = works.farm.workers[0]
        supervisor, *children = first.pids()
        os.kill(supervisor, SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
        first.is_wanted = False
        works.farm.drain()
        assert [works.begun(id_) for id_ in ids].count(2) == 2
        assert {works.end_of(id_) for id_ in ids} == {"done"}


@pytest.mark.parametrize("driver", ["sqlite", "redis"])
def test_retries_are_counted_on_over_kills_and_restarts(works_on, driver):
    with works_on(driver) as works:
        id_ = works.send("retries", 3)
        (worker,) = works.farm.workers
        for begun in (1, 2):
            until(lambda begun=begun: works.begun(id_) >= begun)
            worker.kill()
            worker.start()
        works.farm.drain()
        assert works.end_of(id_) == "done"
        lines = (line.split("\t") for line in works.farm.traces.read_text().splitlines())
        begun = [int(retries) for _, _, what, retries, _ in lines if what == "begin"]
        assert {*begun} == {0, 1, 2, 3}
        assert len(begun) <= 4 + 2


def test_terminating_tiny_tasks_costs_no_neighbour_its_end(works_on):
    with works_on("redis") as works:
        ids = works.send_many("nap", 10_000, 0.0002)
        revoked = set()
        until(works.farm.begun)
        while count_waiting(works.farm.store.url):
            # What runs just now, as nearly as one can aim; most of it has ended when that is known.
            newest = works.farm.newest()
            works.broker.limits.revoke(newest, terminate=True)
            revoked.add(newest)
            time.sleep(0.01)
        account = read_account(works.farm.store.url)
        assert {str(account.ends[id_]) for id_ in ids if id_ not in revoked} == {"done"}
        assert {str(account.ends[id_]) for id_ in revoked} <= {"done", "revoked"}
        # A child is killed an instant after it was looked at: now and then one that has just gone on, whose run is
        # then made again.
        begun = works.farm.begun()
        kills = works.farm.workers[0].log.read_text().count("was revoked, and is killed")
        assert len(begun) - len({*begun}) <= kills


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_supervisors_memory_is_flat_over_a_great_many_tasks(works_on, count):
    with works_on("redis") as works:
        supervisor = works.farm.workers[0].pids()[0]
        works.send_many("nothing", 10_000)
        works.farm.drain()
        before = _resident(supervisor)
        works.send_many("nothing", count)
        works.farm.drain(1000)
        assert abs(_resident(supervisor) - before) <= 2 * MB
        assert not read_account(works.farm.store.url).waiting


def _resident(pid):
    """Return the resident memory of a process, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
