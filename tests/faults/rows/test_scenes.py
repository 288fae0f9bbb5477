"""A table that is locked, lost in mid-load, restored, read-only, without triggers, or edited while nobody looks."""

import random
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.faults.evidence import read_evidence
from tests.faults.rows.attack import EditedSite, open_places
from tests.faults.rows.editor import Editor
from tests.faults.rows.table import Table
from tests.faults.site import BEATD
from tests.servers.port import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SAME = ("sqlite", "postgresql")
ELSEWHERE = ("redis", "redis+file")
ALL = (*SAME, *ELSEWHERE)
SECOND = 1_000_000


@pytest.fixture
def site_on(tmp_path):
    """Make a site whose rows are only edited as the test says."""
    with ExitStack() as stack:

        def made(driver, *, schedulers=1, rate=10):
            places = stack.enter_context(open_places(driver, tmp_path, schedulers))
            editor = Editor(Table(places.table_url), random.Random(1))
            site = EditedSite(tmp_path, places, editor, schedulers=schedulers, rate=rate)
            stack.callback(site.end)
            return site

        yield made


def traces_of(site, name=None):
    """Return (arrived, id, fire time, edit) of what came out of the queue."""
    told = (line.split("\t") for line in site.traces.read_text().splitlines())
    return [(int(at), id_, int(fire), int(edit)) for at, id_, fire, entry, edit in told if name in (None, entry)]


def wait_for_edit(site, name, edit, seconds=30):
    site.wait(lambda: any(each[3] == edit for each in traces_of(site, name)), f"{name} is not noticed", seconds)


def insert(name, schedule, edit):
    return (
        f"INSERT INTO beatd_schedules (name, task, schedule, args) VALUES ('{name}', 'mark', '{schedule}', '[{edit}]')"
    )


def change(name, edit, schedule="every 200ms"):
    return f"UPDATE beatd_schedules SET args = '[{edit}]', schedule = '{schedule}' WHERE name = '{name}'"


@contextmanager
def locked(places):
    """Hold the table, so that nobody reads it."""
    if places.table_url.startswith("sqlite"):
        with closing(sqlite3.connect(places.table_url.removeprefix("sqlite:///"), isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield
        return
    with psycopg.connect(places.table_url) as holder:
        holder.execute("LOCK TABLE beatd_schedules IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.parametrize("driver", ["postgresql", *ELSEWHERE])
def test_a_locked_table_delays_no_fire(site_on, driver):
    site = site_on(driver)
    site.start()
    with locked(site.places):
        time.sleep(10)
    site.editor.carry_out(insert("row-01", "every 200ms", 100))
    wait_for_edit(site, "row-01", 100)
    verdict = site.judged()
    assert verdict.holds, verdict
    assert verdict.worst < 5 * SECOND, verdict


@pytest.mark.parametrize("driver", ALL)
def test_what_was_edited_while_no_scheduler_ran_is_honoured_and_the_former_version_is_owed(site_on, driver):
    site = site_on(driver)
    site.editor.fill([("every 1s", "all")])
    site.editor.carry_out(*(insert(f"row-{number:02}", "every 500ms", 100) for number in (1, 3, 5, 7)))
    site.start()
    wait_for_edit(site, "row-07", 100)
    site.runs[0].kill()
    time.sleep(1.2)
    site.editor.carry_out(change("row-01", 101, "every 300ms"), "DELETE FROM beatd_schedules WHERE name = 'row-03'")
    site.editor.carry_out("UPDATE beatd_schedules SET enabled = false WHERE name = 'row-05'")
    time.sleep(1.2)
    site.editor.carry_out(change("row-01", 102), insert("row-03", "every 300ms", 103))
    site.editor.carry_out("UPDATE beatd_schedules SET enabled = true WHERE name = 'row-05'")
    site.editor.carry_out("UPDATE beatd_schedules SET name = 'row-09' WHERE name = 'row-07'")
    time.sleep(0.7)
    site.runs[0].start()
    wait_for_edit(site, "row-01", 102)
    verdict = site.judged()
    assert verdict.holds, verdict
    assert not verdict.disposed, verdict
    assert {edit for *_, edit in traces_of(site, "row-01")} >= {100, 101, 102}


def test_a_connection_lost_in_mid_load_is_made_again(site_on):
    site = site_on("redis", rate=3000)
    site.editor.fill([(f"every 10s offset {number * 3}ms", "all") for number in range(3000)])
    (proxy,) = site.places.table_proxies
    proxy.delays = (0.02, 0.02)
    for after in (1.0, 1.5, 2.0, 3.0):
        threading.Timer(after, proxy.cut).start()
    threading.Timer(4.0, proxy.heal).start()
    site.start()
    time.sleep(5)
    proxy.cut()
    time.sleep(10)
    verdict = site.judged()
    assert verdict.holds, verdict
    assert verdict.traced > 3000, verdict


@pytest.mark.parametrize("driver", [*SAME, "redis"])
def test_one_of_two_schedulers_is_killed_and_the_other_takes_over_every_row(site_on, driver):
    site = site_on(driver, schedulers=2)
    site.editor.fill([(f"every 5s offset {number * 5}ms", "all") for number in range(1000)])
    site.start()
    time.sleep(15)  # until they share
    site.runs[0].kill()
    time.sleep(15)
    site.runs[0].start()
    verdict = site.judged()
    assert verdict.holds, verdict
    assert not verdict.disposed, verdict
    assert verdict.worst < 30 * SECOND, verdict


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("driver", ELSEWHERE)
def test_a_table_restored_to_yesterday_fires_nothing_again(site_on, driver, is_running, tmp_path):
    site = site_on(driver)
    site.editor.fill([("every 1s", "all")])
    site.editor.carry_out(*(insert(f"row-{number:02}", "every 500ms", 100) for number in (1, 3, 5)))
    site.start()
    wait_for_edit(site, "row-05", 100)
    site.editor.carry_out(change("row-01", 101))
    wait_for_edit(site, "row-01", 101)
    saved = save(site.places, tmp_path)
    site.editor.carry_out(change("row-01", 102), "DELETE FROM beatd_schedules WHERE name = 'row-03'")
    site.editor.carry_out(insert("row-07", "every 500ms", 103))
    wait_for_edit(site, "row-01", 102)
    wait_for_edit(site, "row-07", 103)
    if not is_running:
        site.runs[0].ask_to_stop()
        site.runs[0].wait()
    restore(site.places, saved)
    site.runs[0].start()
    restored = time.time_ns() // 1000

    def seen(name, edit):
        return any(at > restored and e == edit for at, _, _, e in traces_of(site, name))

    site.wait(lambda: seen("row-01", 101), "row-01 is not as it was", 120)
    site.wait(lambda: seen("row-03", 100), "row-03 is not back", 120)
    time.sleep(2)
    site.editor.carry_out(change("row-01", 104))
    wait_for_edit(site, "row-01", 104)
    site.stop()
    again = [id_ for id_, count in Counter(id_ for _, id_, *_ in traces_of(site)).items() if count > 1]
    assert again == []
    last = max(fire for _, _, fire, _ in traces_of(site))
    assert max(fire for _, _, fire, _ in traces_of(site, "row-07")) < last - SECOND
    for name in ("row-01", "row-03", "load-000000"):
        assert max(fire for _, _, fire, _ in traces_of(site, name)) > last - 3 * SECOND, name


def save(places, folder):
    if places.table_url.startswith("sqlite"):
        saved = folder / "yesterday.db"
        copied(Path(places.table_url.removeprefix("sqlite:///")), saved)
        return saved
    saved = folder / "yesterday.dump"
    program = places.apart.server.binaries / "pg_dump"
    subprocess.run([program, "-d", places.table_url, "-Fc", "-f", saved], check=True)
    return saved


def copied(source, target):
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target, timeout=10)) as other:
        one.backup(other)


def restore(places, saved):
    """Put back what was saved, as one does whose data is gone: in place of what is there."""
    if places.table_url.startswith("sqlite"):
        copied(saved, Path(places.table_url.removeprefix("sqlite:///")))
        return
    program = places.apart.server.binaries / "pg_restore"
    subprocess.run([program, "-d", places.table_url, "--clean", "--if-exists", saved], check=True)


@pytest.mark.parametrize("driver", ELSEWHERE)
def test_a_row_edited_while_its_triggers_were_gone_is_noticed_by_the_sweep(site_on, driver):
    site = site_on(driver)
    site.editor.fill([("every 1s", "all")])
    site.editor.carry_out(insert("row-01", "every 500ms", 100))
    site.start()
    wait_for_edit(site, "row-01", 100)
    session = site.editor.table.connect()
    for statement in without_triggers(session, is_sqlite=site.editor.table.is_sqlite):
        session.execute(statement)
    session.execute(change("row-01", 101))
    session.close()
    wait_for_edit(site, "row-01", 101, seconds=150)
    site.wait(lambda: "beatd_schedules_" in site.logs(), "nobody tells of the triggers", 90)
    site.stop()
    ids = Counter(id_ for _, id_, *_ in traces_of(site))
    assert max(ids.values()) == 1


def without_triggers(session, *, is_sqlite):
    if is_sqlite:
        told = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        return [f"DROP TRIGGER {name}" for (name,) in session.execute(told).fetchall()]
    return ["ALTER TABLE beatd_schedules DISABLE TRIGGER USER"]


def test_a_database_that_takes_no_writes_is_refused_and_says_why(site_on):
    site = site_on("redis")
    site.editor.fill([("every 1s", "all")])
    site.places.apart.server.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
    assert "read-only" in refused(site, site.given(0))


def test_a_replica_is_refused_and_says_why(site_on):
    site = site_on("redis")
    site.editor.fill([("every 1s", "all")])
    with replica_of(site.places.apart.server) as url:
        given = [url if each == site.places.table_url_for(0) else each for each in site.given(0)]
        assert "a standby" in refused(site, given)


def refused(site, given):
    """Return what `beatd run` says, which ends by itself."""
    command = [BEATD, "run", *given, "--no-worker"]
    done = subprocess.run(command, cwd=site.folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@contextmanager
def replica_of(server):
    """Start a server that follows another one, and yield its URL."""
    folder, port = server.folder / "replica", free_port()
    server.run("pg_basebackup", "-d", server.url, "-D", str(folder), "-R", "-c", "fast")
    told = f"-p {port} -c listen_addresses=127.0.0.1 -k {server.folder}"
    server.run("pg_ctl", "-D", str(folder), "-l", str(server.folder / "log2"), "-w", "-o", told, "start")
    try:
        yield server.url.replace(f":{server.port}/", f":{port}/")
    finally:
        server.run("pg_ctl", "-D", str(folder), "-m", "immediate", "-w", "stop")


def test_a_row_and_its_calendar_may_be_changed_in_two_transactions_at_once(site_on):
    site = site_on("postgresql")
    site.editor.fill([("every 1s", "all")])
    site.editor.carry_out(
        insert("row-01", "every 500ms", 100),
        """INSERT INTO beatd_calendars (name, dates) VALUES ('days', '["2001-01-01"]')""",
        "UPDATE beatd_schedules SET exclude = 'calendar days' WHERE name = 'row-01'",
    )
    site.start()
    wait_for_edit(site, "row-01", 100)
    with psycopg.connect(site.places.table_url) as late:
        late.execute("UPDATE beatd_schedules SET args = '[101]' WHERE name = 'row-01'")
        with psycopg.connect(site.places.table_url) as server:
            server.execute("""UPDATE beatd_calendars SET dates = '["2001-01-02"]' WHERE name = 'days'""")
        time.sleep(3)
    wait_for_edit(site, "row-01", 101)
    time.sleep(2)
    site.stop()
    fires = {fire for _, _, fire, _ in traces_of(site, "row-01")}
    assert {*range(min(fires), max(fires) + 1, SECOND // 2)} == fires
    ranges = read_evidence(site.places.url, versions=False).ranges
    assert [each for each in ranges if each.entry == "row-01"] == []
