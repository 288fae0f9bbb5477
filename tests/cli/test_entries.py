import re

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def listed(beatd_in):
    return {line["name"]: line for line in beatd_in("list", "--json").lines}


def test_list_shows_the_stores_set_with_the_state_of_each_entry(beatd_in):
    found = listed(beatd_in)
    assert {name: line["state"] for name, line in found.items()} == {
        "broken": "quarantined",
        "nobody": "ok",
        "tick": "ok",
        "yearly": "ok",
    }
    assert (found["tick"]["schedule"], found["tick"]["task"], found["tick"]["timezone"]) == (
        "every 1s",
        "tasks.add",
        "Europe/Berlin",
    )
    assert found["tick"]["runs"] > 0
    assert ISO.fullmatch(found["tick"]["next_fire"])
    assert "every monday" in found["broken"]["error"]


def test_the_list_of_a_set_is_narrowed_and_sorted(beatd_in):
    def names(*words):
        return [line["name"] for line in beatd_in("list", "--json", *words).lines]

    assert names("--failing") == ["nobody"]
    assert names("--errors") == ["broken"]
    assert names("--task", "tasks.add") == ["tick", "yearly"]
    assert names("--tag", "none") == []
    assert names("--sort", "next")[2:] == ["yearly", "broken"]
    assert names("--limit", "2", "--after", "broken") == ["nobody", "tick"]
    assert names("--sort", "next", "--after", "yearly") == ["broken"]


def test_list_for_people_is_a_table(beatd_in):
    lines = beatd_in("list").out.splitlines()
    assert lines[0].split() == ["NAME", "SCHEDULE", "ZONE", "TASK", "STATE", "NEXT", "RUNS"]
    assert [line.split()[0] for line in lines[1:]] == ["broken", "nobody", "tick", "yearly"]


def test_show_tells_one_entry_in_full(beatd_in):
    found = beatd_in("show", "tick", "--json").json
    assert (found["args"], found["grace"], found["description"], found["misfire"]) == ([2, 3], "2d", "adds", "latest")
    assert "next_fire" in found
    people = [line.split() for line in beatd_in("show", "tick").out.splitlines()]
    assert ["description", "adds"] in people
    assert ["state", "ok"] in people
    assert "bad schedule 'every monday'" in beatd_in("show", "broken").out


def test_pause_and_resume_are_kept_with_who_when_and_why(beatd_in):
    paused = beatd_in("pause", "yearly", "--note", "stocktaking", "--json").json
    assert (paused["name"], paused["state"], paused["note"]) == ("yearly", "paused", "stocktaking")
    assert listed(beatd_in)["yearly"]["state"] == "paused"
    assert "stocktaking" in beatd_in("show", "yearly").out
    assert beatd_in("resume", "yearly").out == "resumed yearly\n"
    assert listed(beatd_in)["yearly"]["state"] == "ok"
    again = beatd_in("resume", "yearly", "--json")
    assert (again.code, again.err) == (1, "error: entry 'yearly' is not paused\n")


def test_a_note_of_several_lines_is_shown_on_one(beatd_in):
    beatd_in("pause", "yearly", "--note", "stocktaking\nstate  ok\x1b[2J")
    shown = beatd_in("show", "yearly").out
    beatd_in("resume", "yearly")
    (line,) = [line for line in shown.splitlines() if line.startswith("paused")]
    assert line.endswith("stocktaking state  ok\\x1b[2J")


def test_trigger_sends_the_entrys_task_and_tells_its_id(beatd_in):
    sent = beatd_in("trigger", "yearly", "--json").json
    assert UUID.fullmatch(sent["message_id"])
    assert beatd_in("result", sent["message_id"], "--json").json["state"] == "PENDING"
    assert beatd_in("trigger", "yearly").out.startswith("sent ")
    assert listed(beatd_in)["yearly"]["runs"] == 0


def test_a_name_that_is_not_there_is_told_with_the_nearest(beatd_in):
    for command in ("show", "pause", "resume", "trigger"):
        ended = beatd_in(command, "tik")
        assert (ended.code, ended.err) == (1, "error: no entry named 'tik'; did you mean 'tick'?\n")


def test_a_quarantined_entry_cannot_be_triggered(beatd_in):
    ended = beatd_in("trigger", "broken")
    assert ended.code == 1
    assert ended.err.startswith("error: entry 'broken' is quarantined")


def test_a_second_pause_keeps_the_note(beatd_in):
    beatd_in("pause", "yearly", "--note", "holiday")
    assert beatd_in("pause", "yearly", "--json").json["note"] == "holiday"
    assert listed(beatd_in)["yearly"]["pause"]["note"] == "holiday"
    beatd_in("resume", "yearly")
