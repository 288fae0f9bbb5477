import pytest

from beatd.brokerports import WorkerInfo
from beatd.cli.health import Limits, judge, tables_told, unattended
from beatd.cli.status import print_status
from beatd.ports import Installation, SchedulerInfo
from beatd.wiring.entries import EntryView

NOW = 1_800_000_000_000_000
SECOND = 1_000_000


def scheduler(**changed):
    values = {
        "holder": "h:1", "host": "h", "pid": 1, "started_at": NOW, "seen_at": NOW, "expires_at": NOW + SECOND,
        "parts": 64, "revision": 1, "status": {},
    }  # fmt: skip
    return SchedulerInfo(**{**values, **changed})


def view(next_fire, settled_to=None):
    return EntryView(
        name="x", task="t", schedule="every 1s", timezone="UTC", queue="q", enabled=True, state="ok",
        next_fire=next_fire, last_fire=None, runs=0, settled_to=settled_to,
    )  # fmt: skip


def health(schedulers, views=(), installation=None):
    limits = Limits(late_after=60 * SECOND, max_clock_skew=30 * SECOND)
    return judge(schedulers, views, installation, now=NOW, limits=limits)


def problems(schedulers, views=(), installation=None):
    return health(schedulers, views, installation).problems


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


def test_rows_of_tables_wait_as_their_scheduler_tells():
    told = {"next_due": "2027-01-15T07:58:30Z", "late": 3}
    found = health([scheduler(seen_at=NOW - SECOND, status=told)], [view(NOW - SECOND)])
    assert (found.lag_ms, found.late) == (89_000, 3)
    assert found.problems == ("the oldest fire that is due waits since 2027-01-15T07:58:30Z",)
    assert health([scheduler(status={"next_due": "2027-01-15T08:00:30Z"})]).lag_ms == 0
    assert health([scheduler(status={"next_due": None})], [view(NOW - SECOND)]).lag_ms == 1000


def test_what_a_scheduler_that_has_ended_would_fire_next_waits_from_then_on():
    gone = scheduler(expires_at=NOW - 1, seen_at=NOW - 70 * SECOND, status={"next_due": "2027-01-15T07:58:55Z"})
    long_gone = scheduler(expires_at=NOW - 1, seen_at=NOW - 99 * SECOND, status={"next_due": "2027-01-15T07:58:21Z"})
    assert health([long_gone, gone]).lag_ms == 65_000
    assert health([long_gone, gone, scheduler()]).lag_ms == 0


def table(name="postgresql://db/shop", **changed):
    values = {"name": name, "rows": 2, "loaded": True, "quarantined": 0, "trouble": None}
    return {**values, **changed}


def test_a_table_is_told_of_by_who_was_seen_last() -> None:
    former = scheduler(holder="old", expires_at=NOW - 1, status={"tables": [table("a", rows=9), table("gone")]})
    early = scheduler(seen_at=NOW - SECOND, status={"tables": [table("b"), table("a", rows=1)]})
    late = scheduler(status={"tables": [table("a", rows=3)]})
    assert [(each["name"], each["rows"]) for each in tables_told([late, former, early], NOW)] == [("a", 3), ("b", 2)]
    assert [each["name"] for each in tables_told([former], NOW)] == ["a", "gone"]
    assert tables_told([scheduler(), scheduler(status={"tables": None})], NOW) == []


def test_a_table_that_cannot_be_read_is_a_problem() -> None:
    status = {"tables": [table(), table("x", trouble="x is not available: it is locked")]}
    assert problems([scheduler(status=status)]) == ("h:1: edits are not noticed: x is not available: it is locked",)


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


def status(beatd_in):
    return beatd_in("status", "--json").json


def test_status_of_a_running_beatd_names_scheduler_worker_and_queues(beatd_in, serving, until):
    with serving("run", "--workers", "1"):
        # The queues to which other tests send have no worker; all else is well.
        until(lambda: not [each for each in beatd_in("status", "--json").json["problems"] if "in queue" not in each])
        # What a scheduler says of itself is as old as its last renewal.
        until(
            lambda: any(each["status"].get("holding_since") for each in status(beatd_in)["schedulers"] if each["live"])
        )
        found = status(beatd_in)
        people = beatd_in("status").out
    live = [each for each in found["schedulers"] if each["live"]]
    assert (found["parts_held"], len(live), len(found["workers"])) == (64, 1, 1)
    assert "celery" in found["queues"]
    assert "parts held: 64 of 64" in people
    assert "SCHEDULER" in people
    (scheduler,) = live
    told = scheduler["status"]
    assert {"lateness_p50_ms", "lateness_p99_ms", "batch_mean", "batch_max", "round_trips"} <= told.keys()
    assert told["holding_since"]
    assert (found["late_entries"], found["waits_until"]) == (0, None)


def test_messages_that_no_live_worker_takes_are_a_problem():
    worker = WorkerInfo(worker="w", host="h", pid=1, started_at=0, seen_at=NOW, queues=("a",), children=())
    gone = WorkerInfo(worker="g", host="h", pid=2, started_at=0, seen_at=NOW - 16 * SECOND, queues=("b",), children=())
    sizes = {"a": {"ready": 9}, "b": {"ready": 1}, "c": {"ready": 0, "delayed": 3}}
    assert unattended(sizes, [worker, gone], now=NOW) == (
        "1 message waits in queue 'b', from which no live worker takes any: start `beatd worker -Q b`",
    )


@pytest.mark.parametrize(("consumers", "told"), [("beatd", True), ("celery", False)])
def test_no_worker_of_ours_is_expected_where_celerys_take_the_messages(run, write, consumers, told):
    write("beatd.toml", f"[beatd]\nconsumers = '{consumers}'\n[schedules.x]\nschedule = '@yearly'\ntask = 'a.b'\n")
    assert run("call", "a.b").code == 0
    found = run("status", "--check", "--json").json
    assert found["queues"]["celery"]["ready"] == 1
    assert ["beatd worker" in each for each in found["problems"]] == [False, *[True] * told]


def test_a_scheduler_whose_tick_is_stale_is_a_problem_even_while_its_lease_lasts():
    assert problems([scheduler(seen_at=NOW - 3 * SECOND)]) == ()
    assert problems([scheduler(seen_at=NOW - 5 * SECOND)]) == (
        "h:1: its tick is stale, the last one was at 2027-01-15T07:59:55Z",
    )


def test_a_store_that_went_back_is_a_problem_with_both_ways_out():
    state = Installation(id="i", since=0, revision=1, digest="", rolled_back_at=NOW)
    (said,) = problems([scheduler()], installation=state)
    assert "beatd forward" in said
    assert "--catch-up" in said


def test_clocks_that_differ_or_were_set_are_problems():
    assert problems([scheduler(status={"clock_skew_ms": -29_000})]) == ()
    assert problems([scheduler(status={"clock_skew_ms": -31_000})]) == (
        "h:1: its clock and the store's are 31.0s apart",
    )
    assert "set forward" in problems([scheduler(status={"clock_held": True})])[0]
    assert "another one than before" in problems([scheduler(status={"strange_store": True})])[0]


def test_entries_are_counted_in_one_line_and_tables_told_in_one_block(capsys):
    told = scheduler(status={"tables": [table(rows=2), table("sqlite:////b.db", rows=1)]})
    found = health([told], [view(NOW), view(NOW)])
    print_status([told], [], {}, found, "UTC")
    out = capsys.readouterr().out
    assert out.startswith("entries: 2 ok; 3 rows in tables\n")
    assert out.count("postgresql://db/shop") == 1


def test_until_when_a_clock_that_was_set_back_is_waited_for_is_told():
    found = health([scheduler()], [view(None, NOW - SECOND), view(None, NOW + 60 * SECOND)])
    assert found.waits_until == NOW + 60 * SECOND
    assert found.problems == ("the clock was set back: what has fired waits until 2027-01-15T08:01:00Z",)
    assert health([scheduler()], [view(None, NOW)]).waits_until is None


def test_entries_that_are_late_are_counted():
    assert health([scheduler()], [view(NOW - 61 * SECOND), view(NOW - 59 * SECOND), view(None)]).late == 1
