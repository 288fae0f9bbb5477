KEYS = {
    "entry", "fire_time", "message_id", "task", "state", "emitted_at", "started_at", "finished_at", "lateness_ms",
    "runtime_ms", "reason", "last", "count", "cursor",
}  # fmt: skip


def test_runs_tell_what_happened_to_each_fire(beatd_in):
    found = beatd_in("runs", "--entry", "tick", "--only", "success", "--json").lines
    assert found
    for run in found:
        assert {*run} == KEYS
        assert (run["entry"], run["state"], run["task"]) == ("tick", "success", "tasks.add")
        assert run["lateness_ms"] >= 0
        assert run["runtime_ms"] >= 0


def test_runs_come_newest_first_and_no_more_than_asked_for(beatd_in):
    found = beatd_in("runs", "-e", "tick", "--json", "-n", "2").lines
    assert [run["fire_time"] for run in found] == sorted((run["fire_time"] for run in found), reverse=True)
    older = beatd_in("runs", "-e", "tick", "--json", "--before", found[0]["fire_time"], "-n", "1").json
    assert older["fire_time"] < found[0]["fire_time"]


def test_a_task_that_nobody_registered_is_dead_with_its_reason(beatd_in):
    dead = beatd_in("runs", "--entry", "nobody", "--only", "dead", "--json").lines[0]
    assert "tasks.nobody" in dead["reason"]


def test_people_read_a_table(beatd_in):
    lines = beatd_in("runs", "--entry", "tick", "--only", "success").out.splitlines()
    assert lines[0].split() == ["ENTRY", "FIRE", "TIME", "STATE", "LATE", "TOOK", "REASON"]
    assert lines[1].split()[0] == "tick"


def test_that_there_is_nothing_is_said(beatd_in):
    assert beatd_in("runs", "--entry", "tick", "--only", "missed").out == "no such runs\n"


def test_an_unknown_entry_or_state_is_told(beatd_in):
    ended = beatd_in("runs", "--entry", "tik")
    assert (ended.code, ended.err) == (1, "error: no entry named 'tik'; did you mean 'tick'?\n")
    ended = beatd_in("runs", "--only", "succes")
    assert ended.code == 2
    assert "'succes' is no state; did you mean 'success'? The states: emitted, held, started" in ended.err


def test_runs_are_filtered_by_task_state_time_and_id(beatd_in):
    (one, *_) = beatd_in("runs", "--task", "tasks.add", "--state", "success", "--json").lines
    assert (one["task"], one["state"]) == ("tasks.add", "success")
    assert beatd_in("runs", "--id", one["message_id"], "--json").json == one
    since = beatd_in("runs", "--since", one["fire_time"], "--entry", "tick", "--json").lines
    assert min(run["fire_time"] for run in since) == one["fire_time"]
    assert beatd_in("runs", "--until", "2020-01-01", "--json").lines == []
    assert beatd_in("runs", "--since", "7d", "--limit", "1", "--json").json


def test_pages_follow_each_other(beatd_in):
    every = beatd_in("runs", "--state", "success", "--limit", "4", "--json").lines
    first = beatd_in("runs", "--state", "success", "--limit", "2", "--json").lines
    second = beatd_in("runs", "--state", "success", "--limit", "2", "--before", first[-1]["cursor"], "--json").lines
    assert first + second == every
    people = beatd_in("runs", "--state", "success", "--limit", "2").out.splitlines()
    assert people[-1] == f"older ones: --before {first[-1]['cursor']}"


def test_wrong_bounds_are_told(beatd_in):
    ended = beatd_in("runs", "--since", "1h", "--until", "2h")
    assert (ended.code, "--since must be before --until" in ended.err) == (2, True)
    ended = beatd_in("runs", "--before", "12-x")
    assert (ended.code, "'12-x' is no moment" in ended.err) == (2, True)
