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


crontabs = st.tuples(
    st.one_of(st.just(""), _field(0, 59).map(lambda field: field + " ")),
    _field(0, 59),
    _field(0, 23),
    _field(1, 28),
    _field(1, 12),
    st.sampled_from(["", "&"]),
    _field(0, 7, WEEKDAYS),
).map(lambda p: f"{p[0]}{p[1]} {p[2]} {p[3]} {p[4]} {p[5]}{p[6]}")
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
rules = st.one_of(crontabs, intervals, suns, moments)
texts = st.lists(rules, min_size=1, max_size=3).map(" | ".join)
instants = st.integers(0, 4_000_000_000_000_000)
