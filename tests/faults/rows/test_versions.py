"""Two schedulers of different versions on one schema: both work, or the one that cannot says what to do."""

import os
import random
import subprocess
from collections import Counter
from contextlib import ExitStack

import psycopg
import pytest

from beatd.sqlkit import migrate
from tests.faults.rows.attack import EditedSite, Places, open_places
from tests.faults.rows.editor import Editor
from tests.faults.rows.table import Table
from tests.faults.rows.test_scenes import SECOND, change, insert, refused, traces_of, wait_for_edit
from tests.faults.site import BEATD, steady
from tests.faults.stores import open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KNOWS = "from beatd.sqlkit import migrate\nmigrate.VERSIONS = {}\n"
NEWER = KNOWS.format((*migrate.VERSIONS, "0099"))
OLDER = KNOWS.format(migrate.VERSIONS[: migrate.VERSIONS.index("0005")])
"""The last one without tables of entries."""
FILE = """
[beatd]
log_level = "warning"
[schedules.tick]
schedule = "every 200ms"
task = "mark"
misfire = "all"
"""


@pytest.fixture
def places(tmp_path):
    with open_places("postgresql", tmp_path, 2) as made:
        yield made


@pytest.fixture
def site(places, tmp_path):
    editor = Editor(Table(places.table_url), random.Random(1))
    with ExitStack() as stack:
        made = EditedSite(tmp_path, places, editor, schedulers=2, rate=10)
        stack.callback(made.end)
        yield made


def is_of(run, folder, code):
    """Let a run be of a beatd that knows other versions of the schema."""
    place = folder / f"code-{run.log.stem}"
    place.mkdir()
    (place / "sitecustomize.py").write_text(code)
    run.environ["PYTHONPATH"] = str(place)


def mark_later(places, oldest):
    """Make the schema a later one, as a migration would that adds a column and a table."""
    places.store.server.execute(
        "ALTER TABLE beatd_entries ADD COLUMN later BIGINT; ALTER TABLE beatd_schedules ADD COLUMN later TEXT; "
        f"CREATE TABLE beatd_later (x BIGINT); UPDATE beatd_schema SET version_num = '0099', oldest = '{oldest}'"
    )


def wait_for_fires(site, name, number=5):
    before = len(traces_of(site, name))
    site.wait(lambda: len(traces_of(site, name)) >= before + number, f"{name} does not fire", 60)


def test_two_that_both_can_share_the_rows_and_take_over_from_each_other(site, places, tmp_path):
    mark_later(places, migrate.head())
    is_of(site.runs[1], tmp_path, NEWER)
    site.editor.fill(steady(20))
    site.editor.carry_out(insert("row-01", "every 200ms", 100))
    site.start()
    site.wait(lambda: shares(places) == [32, 32], "they do not share", 60)
    for edit, run in enumerate(site.runs, 101):
        run.kill()
        site.editor.carry_out(change("row-01", edit))
        wait_for_edit(site, "row-01", edit, seconds=60)
        run.start()
        site.wait(run.is_ready, "it is not ready again")
    verdict = site.judged()
    assert verdict.holds, verdict
    assert not verdict.disposed, verdict
    assert "Traceback" not in site.logs()


def shares(places):
    """Return how many parts each holds."""
    with psycopg.connect(places.store.url) as server:
        return sorted(count for (count,) in server.execute("SELECT count(*) FROM beatd_leases GROUP BY holder"))


class Upgraded(EditedSite):
    """A site with a file; only the scheduler at the second place has the table as well."""

    def given(self, place):
        told = ["--broker", self.places.url_for(place), "--schedule", "beatd.toml", "--log-level", "warning"]
        return [*told, "--schedule", self.places.table_url_for(place)] if place else told

    def edit(self):
        (self.folder / "beatd.toml").write_text(FILE)


def test_the_newer_one_says_what_to_upgrade_and_the_older_one_goes_on_all_the_while(tmp_path):
    with open_store("postgresql", tmp_path, 2) as store, ExitStack() as stack:
        places = Places(store, None)
        site = Upgraded(tmp_path, places, Editor(Table(store.url), random.Random(1)), schedulers=2, rate=10)
        stack.callback(site.end)
        older, newer = site.runs
        is_of(older, tmp_path, OLDER)
        upgrade(store.url, **older.environ)
        site.runs = [older]
        site.start()
        assert "has no table beatd_schedules; run `beatd db upgrade`" in refused(site, site.given(1))
        wait_for_fires(site, "tick")
        upgrade(store.url)
        site.runs = [older, newer]
        newer.start()
        site.wait(newer.is_ready, "the newer one is not ready")
        store.server.execute(insert("row-01", "every 200ms", 100))
        wait_for_fires(site, "row-01")
        for run, name in ((older, "tick"), (newer, "tick")):
            run.kill()
            wait_for_fires(site, name, 60)
            run.start()
            site.wait(run.is_ready, "it is not ready again")
        wait_for_fires(site, "row-01")
        site.stop()
        assert "Traceback" not in site.logs()
        ids = Counter(id_ for _, id_, *_ in traces_of(site))
        assert max(ids.values()) == 1
        fires = sorted(fire for _, _, fire, _ in traces_of(site, "tick"))
        assert fires == [*range(fires[0], fires[-1] + 1, SECOND // 5)]


def upgrade(url, **environ):
    done = subprocess.run(
        [BEATD, "db", "upgrade", "--broker", url],
        env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_what_only_a_later_version_can_work_with_is_said_by_the_former_also_where_it_runs(site, places):
    site.editor.fill(steady(10))
    site.start()
    mark_later(places, "0098")
    assert f"made by a newer beatd (schema 0099, this one knows {migrate.head()})" in refused(site, site.given(0))
    places.store.server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres' AND pid <> pg_backend_pid()"
    )
    site.wait(lambda: site.logs().count("made by a newer beatd") > 1, "nobody says so")
    assert "Traceback" not in site.logs()
