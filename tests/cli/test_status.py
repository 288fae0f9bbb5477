from beatd.cli.health import judge, unattended
from beatd.ports import SchedulerInfo, WorkerInfo
from beatd.wiring.entries import EntryView

NOW = 1_800_000_000_000_000
SECOND = 1_000_000


def scheduler(**changed):
    values = {
        "holder": "h:1", "host": "h", "pid": 1, "started_at": NOW, "seen_at": NOW, "expires_at": NOW + SECOND,
        "parts": 64, "revision": 1, "status": {},
    }  # fmt: skip
    return SchedulerInfo(**{**values, **changed})


def view(next_fire):
    return EntryView(
        name="x", task="t", schedule="every 1s", timezone="UTC", queue="q", enabled=True, state="ok",
        next_fire=next_fire, last_fire=None, runs=0,
    )  # fmt: skip


def problems(schedulers, views=()):
    return judge(schedulers, views, now=NOW, late_after=60 * SECOND).problems


def test_a_scheduler_that_holds_everything_and_lags_little_is_well():
    assert problems([scheduler()], [view(NOW - SECOND), view(NOW + SECOND), view(None)]) == ()


def test_no_live_scheduler_is_a_problem():
    assert problems([]) == ("no scheduler is alive: start `beatd run`",)
    assert problems([scheduler(expires_at=NOW - 1, seen_at=NOW - SECOND)]) == (
        "no scheduler is alive; the last one was seen at 2027-01-15T07:59:59Z: start `beatd run`",
    )


def test_a_part_that_nobody_holds_is_a_problem():
    assert problems([scheduler(parts=30), scheduler(parts=33)]) == (
        "1 of 64 parts of the set are held by no scheduler",
    )


def test_a_fire_that_waits_for_long_is_a_problem():
    assert problems([scheduler()], [view(NOW - 61 * SECOND)]) == (
        "the oldest fire that is due waits since 2027-01-15T07:58:59Z",
    )


def test_a_set_that_is_not_taken_is_a_problem():
    assert problems([scheduler(status={"set_refused": "another project's?"})]) == ("h:1: another project's?",)


def test_a_clock_that_was_set_is_a_problem_while_it_lasts():
    (back,) = problems([scheduler(status={"clock_back_until": 1_800_000_000_000_000})])
    assert back.startswith("h:1: its clock was set back; what has fired up to 2027-01-15T08:00:00Z")
    (ahead,) = problems([scheduler(status={"clock_held": True})])
    assert ahead == "h:1: its clock was set forward; held for a minute"
    assert problems([scheduler(status={"clock_back_until": None, "clock_held": False})]) == ()


def test_status_of_a_stopped_beatd_says_so_and_fails_the_check(beatd_in):
    assert beatd_in("status").code == 0
    checked = beatd_in("status", "--check", "--json")
    assert (checked.code, checked.json["ok"]) == (1, False)
    assert checked.json["problems"][0].startswith("no scheduler is alive")
    assert checked.json["entries"] == {"ok": 3, "quarantined": 1}


def test_status_of_a_running_beatd_names_scheduler_worker_and_queues(beatd_in, serving, until):
    with serving("run", "--workers", "1"):
        # The queues to which other tests send have no worker; all else is well.
        until(lambda: not [each for each in beatd_in("status", "--json").json["problems"] if "in queue" not in each])
        found = beatd_in("status", "--json").json
        people = beatd_in("status").out
    live = [each for each in found["schedulers"] if each["live"]]
    assert (found["parts_held"], len(live), len(found["workers"])) == (64, 1, 1)
    assert "celery" in found["queues"]
    assert "parts held: 64 of 64" in people
    assert "SCHEDULER" in people


def test_messages_that_no_live_worker_takes_are_a_problem():
    worker = WorkerInfo(worker="w", host="h", pid=1, started_at=0, seen_at=NOW, queues=("a",), children=())
    gone = WorkerInfo(worker="g", host="h", pid=2, started_at=0, seen_at=NOW - 16 * SECOND, queues=("b",), children=())
    sizes = {"a": {"ready": 9}, "b": {"ready": 1}, "c": {"ready": 0, "delayed": 3}}
    assert unattended(sizes, [worker, gone], now=NOW) == (
        "1 message waits in queue 'b', from which no live worker takes any: start `beatd worker -Q b`",
    )
