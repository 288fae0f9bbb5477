"""Fires as a calendar file: read back by icalendar, and by the rules of RFC 5545 themselves."""

import re
from datetime import UTC, datetime

from icalendar import Calendar

from beatd.cli.ics import calendar
from beatd.core.entry import Entry
from beatd.schedules.moments import to_us

NOW = to_us(datetime.fromisoformat("2026-11-21T12:00Z"))
FIRE = to_us(datetime.fromisoformat("2026-12-24T17:00Z"))
AWKWARD = 'Größe; "Übersicht", \\ und\r\nnoch\teine Zeile\x07 ' + "ä🎄" * 60


def made(*fires, **fields):
    plain = {"name": "report", "task": "a.report", "schedule": "0 18 * * *", "timezone": "Europe/Berlin", **fields}
    return calendar([(fire, Entry(**plain)) for fire in fires], "shop", NOW)


def unfolded(text):
    return text.replace("\r\n ", "").split("\r\n")


def test_every_line_is_of_at_most_75_octets_and_ends_in_cr_lf():
    text = made(FIRE, description=AWKWARD, tags=["a" * 200])
    assert text.endswith("END:VCALENDAR\r\n")
    lines = text.encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    assert all(line.decode() for line in lines[:-1])


def test_every_line_of_content_is_a_name_and_a_value():
    for line in unfolded(made(FIRE, description=AWKWARD, tags=["x,y", "z"]))[:-1]:
        assert re.fullmatch(r"[A-Z-]+:[^\x00-\x08\x0a-\x1f\x7f]+", line)


def test_the_parts_that_the_rfc_demands_are_there_once_and_in_order():
    lines = unfolded(made(FIRE, FIRE + 3_600_000_000))
    assert lines[:4] == ["BEGIN:VCALENDAR", "VERSION:2.0", lines[2], "CALSCALE:GREGORIAN"]
    assert lines[2].startswith("PRODID:-//beatd//beatd ")
    names = [line.partition(":")[0] for line in lines[4:-2]]
    event = ["BEGIN", "UID", "DTSTAMP", "DTSTART", "SUMMARY", "DESCRIPTION", "TRANSP", "END"]
    assert names == event * 2


def test_a_calendar_program_reads_what_was_meant():
    (event,) = Calendar.from_ical(
        made(FIRE, name="Bericht, täglich; neu", description=AWKWARD, tags=["x,y", "z"])
    ).events
    assert event.decoded("DTSTART") == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert event.decoded("DTSTAMP") == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert event["SUMMARY"] == "Bericht, täglich; neu"
    assert [str(category) for category in event["CATEGORIES"].cats] == ["x,y", "z"]
    lines = str(event["DESCRIPTION"]).split("\n")
    assert lines[0] == 'Größe; "Übersicht", \\ und'
    assert lines[1] == "noch eine Zeile  " + "ä🎄" * 60
    assert lines[2:] == ["task: a.report", "schedule: 0 18 * * * in Europe/Berlin", "2026-12-24T17:00:00Z"]


def uids(text):
    return [str(event["UID"]) for event in Calendar.from_ical(text).events]


def test_a_fire_has_the_same_uid_in_every_export_and_no_other_has_it():
    (uid,) = uids(made(FIRE))
    assert uid == "4322026d-aedf-5ea4-bdab-e7528ca360ed"
    assert uids(made(FIRE, FIRE + 1_000_000, description="edited"))[0] == uid
    assert len({uid, *uids(made(FIRE + 1_000_000)), *uids(made(FIRE, name="other"))}) == 3
    other = calendar([(FIRE, Entry(name="report", task="a.report", schedule="0 18 * * *"))], "elsewhere", NOW)
    assert uids(other) != [uid]


def test_no_fires_are_a_calendar_without_events():
    assert Calendar.from_ical(made()).events == []


def test_fractions_of_a_second_are_left_to_the_description():
    (event,) = Calendar.from_ical(made(FIRE + 250_000)).events
    assert event.decoded("DTSTART") == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert str(event["DESCRIPTION"]).endswith("2026-12-24T17:00:00.250000Z")


def test_an_early_year_has_four_digits():
    assert "DTSTART:09990101T000000Z" in made(to_us(datetime(999, 1, 1, tzinfo=UTC)))
