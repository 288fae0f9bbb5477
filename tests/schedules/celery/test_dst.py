"""The daylight-saving situations in which Celery was measured (5.7.0), each by name, and what should come of them.

Where Celery is wrong its own outcome is told in the id. "tzdata update" is a matter of the scheduler, which tells it.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beatd.schedules import Terms, parse

PARIS, LORD_HOWE, SAO_PAULO, APIA = "Europe/Paris", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"
GAP = (PARIS, "2024-03-30T22:00", "2024-03-31T06:00")
FOLD = (PARIS, "2024-10-26T22:00", "2024-10-27T04:00")


def fires(text, zone, start, stop):
    """Return the local readings with their offset, as in ``31 03:00+02``."""
    schedule = parse(text, Terms(timezone=zone))
    start, stop = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, stop))
    return [short(fire, zone) for fire in schedule.between(start - timedelta(microseconds=1), stop)]


def short(fire, zone):
    return f"{fire.astimezone(ZoneInfo(zone)):%d %H:%M%z}".removesuffix("00")


@pytest.mark.parametrize(
    ("text", "span", "wanted"),
    [
        pytest.param(
            "30 2 * * *", (PARIS, "2024-03-30T00:00", "2024-04-01T12:00"),
            ["30 02:30+01", "31 03:00+02", "01 02:30+02"], id="Paris gap, daily 02:30: once, at its end",
        ),
        pytest.param(
            "0 * * * *", GAP,
            ["30 23:00+01", "31 00:00+01", "31 01:00+01", "31 03:00+02", "31 04:00+02", "31 05:00+02", "31 06:00+02",
             "31 07:00+02", "31 08:00+02"], id="Paris gap, hourly: contiguous",
        ),
        pytest.param(
            "*/15 * * * *", (PARIS, "2024-03-31T00:30", "2024-03-31T01:15"),
            ["31 01:30+01", "31 01:45+01", "31 03:00+02", "31 03:15+02"], id="Paris gap, every 15: contiguous",
        ),
        pytest.param("0 9 * * *", GAP, [], id="Paris gap, daily 09:00: not before its time"),
        pytest.param(
            "0 9 * * *", (PARIS, "2024-03-30T00:00", "2024-04-01T12:00"),
            ["30 09:00+01", "31 09:00+02", "01 09:00+02"], id="Paris, daily 09:00 on the day of and after the gap",
        ),
        pytest.param("30 0 * * *", GAP, ["31 00:30+01"], id="Paris gap, daily 00:30"),
        pytest.param("15 3 * * *", GAP, ["31 03:15+02"], id="Paris gap, daily 03:15"),
        pytest.param("30 2 * * *", FOLD, ["27 02:30+02"], id="Paris overlap, daily 02:30: once, on the first pass"),
        pytest.param(
            "0 * * * *", (PARIS, "2024-10-26T23:00", "2024-10-27T02:00"),
            ["27 01:00+02", "27 02:00+02", "27 02:00+01", "27 03:00+01"], id="Paris overlap, hourly (Celery: 1 less)",
        ),
        pytest.param(
            "*/15 2 * * *", FOLD,
            [f"27 02:{minute}{ahead}" for ahead in ("+02", "+01") for minute in ("00", "15", "30", "45")],
            id="Paris overlap, every 15 (Celery: four missing)",
        ),
        pytest.param(
            "0 9 * * *", (PARIS, "2024-10-26T00:00", "2024-10-28T12:00"),
            ["26 09:00+02", "27 09:00+01", "28 09:00+01"], id="Paris, daily 09:00 on the day of and after the overlap",
        ),
        pytest.param("15 3 * * *", FOLD, ["27 03:15+01"], id="Paris overlap, daily 03:15"),
        pytest.param(
            "45 1 * * *", (LORD_HOWE, "2024-04-06T12:00", "2024-04-07T12:00"),
            ["07 01:45+11"], id="Lord Howe overlap of 30 minutes, daily 01:45: once",
        ),
        pytest.param(
            "*/10 1 * * *", (LORD_HOWE, "2024-04-06T14:30", "2024-04-07T12:00"),
            ["07 01:30+11", "07 01:40+11", "07 01:50+11", "07 01:30+1030", "07 01:40+1030", "07 01:50+1030"],
            id="Lord Howe overlap, every 10 (Celery: the second pass is missing)",
        ),
        pytest.param(
            "0 0 * * *", (SAO_PAULO, "2018-11-03T00:00", "2018-11-05T12:00"),
            ["03 00:00-03", "04 01:00-02", "05 00:00-02"], id="Sao Paulo gap at midnight, daily 00:00: once",
        ),
        pytest.param(
            "0 9 * * *", (APIA, "2011-12-28T20:00", "2012-01-01T00:00"),
            ["29 09:00-10", "31 09:00+14", "01 09:00+14"], id="Apia's skipped day, daily 09:00: not made up for",
        ),
        pytest.param(
            "0 0 * * *", ("America/Havana", "2024-11-02T00:00", "2024-11-04T12:00"),
            ["02 00:00-04", "03 00:00-04", "04 00:00-05"], id="local midnight twice (relative=1 day): on the first",
        ),
        pytest.param(
            "0 0 * * *", ("America/Havana", "2024-03-09T00:00", "2024-03-11T12:00"),
            ["09 00:00-05", "10 01:00-04", "11 00:00-04"], id="local midnight missing (relative=1 day)",
        ),
    ],
)  # fmt: skip
def test_it_fires(text, span, wanted):
    assert fires(text, *span) == wanted


def test_paris_overlap_every_minute_has_all_239_runs_in_four_hours():  # Celery: 179
    found = fires("* * * * *", PARIS, "2024-10-26T23:01", "2024-10-27T02:59")
    assert len(found) == len(set(found)) == 239


@pytest.mark.parametrize(
    ("restart", "following"),
    [
        pytest.param("2024-10-27T00:10", "27 02:30+02", id="inside the first pass, before the fire"),
        pytest.param("2024-10-27T00:40", "28 02:30+01", id="inside the first pass, after the fire"),
        pytest.param("2024-10-27T01:10", "28 02:30+01", id="inside the second pass: not again"),
        pytest.param("2024-03-31T00:59", "31 03:00+02", id="a minute before the gap"),
        pytest.param("2024-03-31T01:00", "01 02:30+02", id="at the gap's end, once it has fired"),
        pytest.param("2024-03-31T01:20", "01 02:30+02", id="just after the gap"),
    ],
)
def test_a_scheduler_restarted_there_goes_on(restart, following):
    # A restart has nothing but the last run to go by; the next is a function of that moment alone.
    schedule = parse("30 2 * * *", Terms(timezone=PARIS))
    assert short(schedule.next_after(datetime.fromisoformat(restart + "+00:00")), PARIS) == following


def test_a_last_run_in_utc_in_local_time_or_with_a_fixed_offset_is_one_moment():
    schedule = parse("*/15 * * * *", Terms(timezone=PARIS))
    stored = ["2024-10-27T01:00:00+00:00", "2024-10-27T02:00:00+01:00", "2024-10-27T03:00:00+02:00"]
    moments = [datetime.fromisoformat(text) for text in stored]
    moments.append(datetime(2024, 10, 27, 2, fold=1, tzinfo=ZoneInfo(PARIS)))
    assert {schedule.next_after(moment) for moment in moments} == {datetime(2024, 10, 27, 1, 15, tzinfo=UTC)}


def test_the_zone_of_the_entry_alone_decides(monkeypatch):
    schedule, after = parse("30 2 * * *", Terms(timezone=PARIS)), datetime(2024, 6, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
    monkeypatch.setenv("TZ", "America/New_York")
    import time

    time.tzset()
    try:
        assert short(schedule.next_after(after), PARIS) == "01 02:30+02"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_another_zone_is_another_rule_from_the_same_last_run_on():
    last_run = datetime(2024, 6, 1, 6, tzinfo=UTC)  # 08:00 in Paris
    assert parse("0 8 * * *", Terms(timezone=PARIS)).next_after(last_run).hour == 6
    assert parse("0 8 * * *", Terms(timezone="America/New_York")).next_after(last_run).hour == 12


def test_intervals_across_a_change_are_elapsed_time():
    schedule = parse("every 1d", Terms(timezone=PARIS, starts_at=1_711_753_200_000_000))
    assert fires("every 2h", *FOLD) == ["27 00:00+02", "27 02:00+02", "27 03:00+01", "27 05:00+01"]
    found = list(schedule.between(datetime(2024, 3, 29, 12, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)))
    assert [short(fire, PARIS) for fire in found] == ["30 00:00+01", "31 00:00+01", "01 01:00+02"]
