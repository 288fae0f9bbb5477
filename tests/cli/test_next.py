import sys

import pytest
from icalendar import Calendar

from beatd.cli import main

SET = """
[beatd]
timezone = "Europe/Berlin"
[schedules.often]
schedule = "every 20m"
task = "a.often"
[schedules.noon]
schedule = "0 12 * * *"
task = "a.noon"
[schedules.off]
schedule = "every 1m"
task = "a.off"
enabled = false
[schedules.broken]
schedule = "every monday"
task = "a.broken"
"""


def test_fires_of_all_entries_come_in_order(run, write):
    write("beatd.toml", SET)
    ended = run("next", "--after", "2026-07-01T09:50Z", "--count", "3", "--json")
    assert [(line["entry"], line["fire_time"]) for line in ended.lines] == [
        ("noon", "2026-07-01T10:00:00Z"),
        ("often", "2026-07-01T10:00:00Z"),
        ("often", "2026-07-01T10:20:00Z"),
    ]


def test_people_read_a_table_in_the_entrys_zone(run, write):
    write("prod.toml", SET)
    lines = run("next", "-s", "prod.toml", "--after", "2026-07-01T09:50Z", "-n", "1").out.splitlines()
    assert lines[0].split() == ["FIRE", "TIME", "UTC", "ENTRY", "TASK"]
    assert lines[1].split() == ["2026-07-01", "12:00:00", "CEST", "2026-07-01T10:00:00Z", "noon", "a.noon"]


def test_entries_of_the_code_join_those_of_the_files(run, write):
    write("beatd.toml", '[beatd]\napp = "tasks"\n')
    write("tasks.py", 'from beatd import periodic\n@periodic("every 1m")\ndef tick(): ...\n')
    assert run("next", "--count", "1", "--json").json["entry"] == "tasks.tick"


def test_nothing_more_to_fire_is_said(run, write):
    write("beatd.toml", '[schedules.x]\nschedule = "at 2020-01-01T00:00"\ntask = "a.b"')
    assert run("next").out == "nothing fires any more\n"


def test_without_a_source_the_remedy_is_told(run, tmp_path):
    ended = run("next")
    assert ended.code == 1
    assert f"there is no ./beatd.toml, and no database at {tmp_path}/beatd.db" in ended.err
    assert ended.err.endswith("; give --schedule FILE, or write one: `beatd init`\n")


def test_without_a_source_the_stores_set_is_shown(run, project):
    found = run("next", "-b", f"sqlite:///{project}/beatd.db", "--namespace", "shop", "--count", "3", "--json").lines
    assert {line["entry"] for line in found} == {"tick", "nobody"}


def test_ics_is_a_calendar_of_the_next_fires(capsysbinary, monkeypatch, tmp_path, write):
    write("beatd.toml", SET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["beatd", "next", "--ics", "--count", "3", "--after", "2026-07-01T09:50Z"])
    with pytest.raises(SystemExit) as ended:
        main()
    out = capsysbinary.readouterr().out
    assert ended.value.code == 0
    assert b"\n" not in out.replace(b"\r\n", b"")
    events = Calendar.from_ical(out).events
    assert [(str(event["SUMMARY"]), event["DTSTART"].to_ical()) for event in events] == [
        ("noon", b"20260701T100000Z"),
        ("often", b"20260701T100000Z"),
        ("often", b"20260701T102000Z"),
        ("often", b"20260701T104000Z"),
        ("noon", b"20260702T100000Z"),
        ("noon", b"20260703T100000Z"),
    ]


def test_one_entry_can_be_asked_for(run, write):
    write("beatd.toml", SET)
    ended = run("next", "--after", "2026-07-01T09:50Z", "--count", "2", "--entry", "noon", "--json")
    assert [(line["entry"], line["fire_time"]) for line in ended.lines] == [
        ("noon", "2026-07-01T10:00:00Z"),
        ("noon", "2026-07-02T10:00:00Z"),
    ]
    both = run("next", "--after", "2026-07-01T09:50Z", "--count", "9", "--entry", "noon", "--entry", "often", "--json")
    assert {line["entry"] for line in both.lines} == {"noon", "often"}
    one = run("next", "--entry", "noon", "--ics", "--count", "3").out
    assert one.count("SUMMARY:noon") == one.count("BEGIN:VEVENT") == 3


def test_an_entry_that_is_not_there_or_broken_is_told(run, write):
    write("beatd.toml", SET)
    ended = run("next", "--entry", "nooon")
    assert (ended.code, ended.out) == (1, "")
    assert "there is no entry 'nooon'; did you mean 'noon'?" in ended.err
    broken = run("next", "--entry", "noon", "--entry", "broken")
    assert (broken.code, broken.out) == (1, "")
    assert "bad schedule 'every monday'" in broken.err


def test_ics_and_json_together_are_wrong_usage(run, write):
    write("beatd.toml", SET)
    ended = run("next", "--ics", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "give --ics or --json, not both" in ended.err


def test_a_wrong_option_is_wrong_usage(run, write):
    write("beatd.toml", SET)
    for option, value in (("--count", "0"), ("--count", "many"), ("--after", "soon")):
        ended = run("next", option, value)
        assert (ended.code, ended.out) == (2, "")
        assert option in ended.err
