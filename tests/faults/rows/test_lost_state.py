"""The state is lost, or another one is put beside the table: nothing fires until somebody says how to go on."""

import json
import subprocess
from pathlib import Path

import pytest
import redis

from tests.journeys.conftest import Desk, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
REMEDY = "beatd state init --from now|TIME"


class Place(Desk):
    """A folder whose broker is one Redis database, and whose rows are in a PostgreSQL database."""

    def __init__(self, folder: Path, broker: str, table: str) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.env |= {"BEATD_BROKER": broker, "BEATD_SCHEDULE": table}

    def run(self):
        return self.start("run", "--no-worker")

    def told(self, *words: str, code: int = 0) -> str:
        done = self.beatd(*words)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def sent(self) -> list[str]:
        """Return the fire times on record, oldest first."""
        return sorted(run["fire_time"] for run in self.runs("--entry", "tick", "--state", "emitted"))

    def fires(self, count: int = 2) -> None:
        until(lambda: len(self.sent()) >= count, within=40, why=self.started[-1].said)

    def since(self) -> str:
        return json.loads(self.told("state", "status", "--json"))["since"]


@pytest.fixture
def made(tmp_path, redis_server, postgres_server):
    """Make places, each with a Redis database and a PostgreSQL database of its own."""
    places = []

    def make(name: str, number: int, database: str) -> Place:
        table = f"{postgres_server.url.rpartition('/')[0]}/{database}"
        places.append(Place(tmp_path / name, f"{redis_server.url}/{number}", table))
        return places[-1]

    yield make
    for place in places:
        place.close()


@pytest.fixture
def place(made, postgres_server):
    place = made("here", 0, "postgres")
    place.told("db", "upgrade", "--broker", postgres_server.url)
    postgres_server.execute("INSERT INTO beatd_schedules (name, task, schedule) VALUES ('tick', 't', 'every 1s')")
    # The history of what fired is wanted here.
    place.env["BEATD_HISTORY"] = "all"
    return place


def flush(server) -> None:
    with redis.Redis(port=server.port) as client:
        client.flushdb()


def goes_on(place: Place) -> None:
    """Repair the state, and see that it owes nothing from before."""
    place.told("state", "status", code=1)
    place.told("state", "init", "--from", "now")
    if not place.started or place.started[-1].process.poll() is not None:
        place.run()
    place.fires()
    assert place.sent()[0] > place.since()
    place.told("state", "status")
    assert place.started[-1].stop() == 0


def test_a_redis_that_was_flushed_while_nobody_ran_fires_nothing_until_it_is_said_how_to_go_on(place, redis_server):
    run = place.run()
    place.fires()
    assert run.stop() == 0
    flush(redis_server)
    for _ in range(2):
        said = place.told("run", "--no-worker", code=1)
        assert REMEDY in said
        assert "postgresql://" in said
    assert place.sent() == []
    goes_on(place)


def test_a_redis_that_was_flushed_under_a_scheduler_fires_nothing_until_it_is_said_how_to_go_on(place, redis_server):
    run = place.run()
    place.fires()
    flush(redis_server)
    run.says(REMEDY)
    # Neither does one that is started beside it.
    assert REMEDY in place.told("run", "--no-worker", code=1)
    assert place.sent() == []
    goes_on(place)


def test_a_copy_of_the_database_with_a_redis_of_its_own_fires_nothing_until_it_is_said(made, place, postgres_server):
    production = place.run()
    place.fires()
    postgres_server.execute("CREATE DATABASE staging")
    staging = made("staging", 1, "staging")
    staging.env["BEATD_HISTORY"] = "all"
    dump = subprocess.run(["pg_dump", "-d", postgres_server.url], check=True, capture_output=True, timeout=60).stdout
    restore = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", staging.env["BEATD_SCHEDULE"]]
    subprocess.run(restore, check=True, input=dump, capture_output=True, timeout=60)
    assert REMEDY in staging.told("run", "--no-worker", code=1)
    assert staging.sent() == []
    goes_on(staging)
    # The first one was not touched.
    assert production.stop() == 0
    place.run()
    place.fires(len(place.sent()) + 2)
    place.told("state", "status")
