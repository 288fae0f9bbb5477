"""Random schedules, as text."""

from datetime import UTC, datetime

from hypothesis import strategies as st

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def _field(low, high, names=()):
    value = st.integers(low, high).map(lambda number: names[number] if names and number < len(names) else str(number))
    span = st.tuples(value, value).map("-".join)
    step = st.integers(1, min(high - low, 6 if names else 59)).map(lambda number: f"*/{number}")
    item = st.one_of(value, span, step, st.just("*"))
    return st.lists(item, min_size=1, max_size=3).map(",".join)


_special_dates = st.one_of(
    st.sampled_from(["L", "LW", "?", "*", "L-2", "L-30", "1W", "31W", "L,15W"]),
    st.integers(1, 28).map(lambda day: f"{day}W"),
)
_special_weekdays = st.tuples(st.sampled_from([*WEEKDAYS, "0", "7"]), st.sampled_from(["L", "#1", "#2", "#5"])).map(
    "".join
)
crontabs = st.tuples(
    st.one_of(st.just(""), _field(0, 59).map(lambda field: field + " ")),
    st.one_of(_field(0, 59), st.sampled_from(["H", "H(10-20)", "H/7"])),
    st.one_of(_field(0, 23), st.just("H")),
    st.one_of(_field(1, 28), _special_dates),
    _field(1, 12),
    st.sampled_from(["", "&"]),
    st.one_of(_field(0, 7, WEEKDAYS), _special_weekdays),
    st.sampled_from(["", "", "", " *", " 2020-2060", " */2", " 2026,2027,2099"]),
).map(lambda p: f"{p[0] or '0 ' * bool(p[7])}{p[1]} {p[2]} {p[3]} {p[4]} {p[5]}{p[6]}{p[7]}")
units = st.sampled_from(["w", "d", "h", "m", "s"])
durations = st.tuples(st.integers(1, 400), units).map(lambda pair: f"{pair[0]}{pair[1]}")
intervals = st.one_of(
    durations.map(lambda text: f"every {text}"),
    st.integers(10, 10**7).map(lambda number: f"every {number}ms"),
    st.tuples(durations, st.sampled_from(["", "-"]), durations).map(lambda p: f"every {p[0]} offset {p[1]}{p[2]}"),
)
events = st.sampled_from(["sunrise", "sunset", "solar_noon", "midnight", "dawn_civil", "dusk_nautical"])
suns = st.tuples(events, st.integers(-60, 60), st.integers(-180, 180), st.sampled_from(["", " offset -30m"])).map(
    lambda p: f"{p[0]} {p[1]} {p[2]}{p[3]}"
)
moments = st.integers(0, 4_000_000_000).map(
    lambda second: f"at {datetime.fromtimestamp(second, UTC).replace(tzinfo=None).isoformat()}"
)
elevations = st.tuples(
    st.integers(-18, 20), st.sampled_from(["rising", "setting"]), st.integers(-40, 40), st.integers(-180, 180)
).map(lambda p: f"sun_elevation {p[0]} {p[1]} {p[2]} {p[3]}")
recurrences = st.sampled_from(
    [
        "rrule FREQ=DAILY;BYHOUR=2;BYMINUTE=30",
        "rrule FREQ=WEEKLY;BYDAY=MO,SU;BYHOUR=2,3",
        "rrule FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17",
        "rrule FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "rrule DTSTART=20260101T023000;FREQ=DAILY;INTERVAL=3",
        "rrule DTSTART=20200229T120000;FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=40",
        "rrule DTSTART=20260329T000000;FREQ=HOURLY;INTERVAL=7;UNTIL=20300101T000000",
    ]
)
rules = st.one_of(crontabs, intervals, suns, elevations, moments, recurrences)
texts = st.lists(rules, min_size=1, max_size=3).map(" | ".join)
closings = st.sampled_from(
    ["dates 2026-12-24..2027-01-06", "dates 1999-12-31", "* * * * sat", "every 2h", "* 2-3 * * *"]
)
exclusions = st.lists(st.one_of(closings, crontabs), max_size=2)
business = st.sampled_from([None, None, "next", "previous", "skip"])
instants = st.integers(0, 4_000_000_000_000_000)
