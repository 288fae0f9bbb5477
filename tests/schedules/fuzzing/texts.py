"""Texts for the fuzzer: made by the grammar, and bent."""

from tests.schedules.expressions import crontab, field

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]
EVENTS = [
    *("dawn_astronomical", "dawn_nautical", "dawn_civil", "sunrise", "noon", "solar_noon", "midnight"),
    *("sunset", "dusk_civil", "dusk_nautical", "dusk_astronomical", "golden_hour", "blue_hour"),
]
UNITS = ["w", "d", "h", "m", "s", "ms"]
PARTS = [
    *("FREQ=DAILY", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=WEEKLY", "FREQ=HOURLY", "FREQ=SECONDLY", "INTERVAL=2"),
    *("BYDAY=-1FR", "BYDAY=MO,TU", "BYMONTHDAY=31", "BYMONTHDAY=-1", "BYMONTH=2", "BYSETPOS=1", "BYHOUR=2,3"),
    *("BYMINUTE=30", "BYSECOND=59", "BYYEARDAY=366", "BYWEEKNO=53", "WKST=SU", "COUNT=3", "UNTIL=20300101T000000Z"),
    *("DTSTART=20260101T170000", "DTSTART=20240229T023000", "UNTIL=20270101", "BYEASTER=0", "BYDAY=5FR"),
]


def duration(draw):
    """Return a duration, of one unit or two."""
    first = draw.randrange(6)
    text = f"{draw.choice([1, 2, 5, 30, draw.randint(1, 400)])}{UNITS[first]}"
    return text + (f"{draw.randint(1, 59)}{UNITS[first + 1]}" if first < 5 and draw.random() < 0.3 else "")


def rule(draw):
    """Return one rule of any kind."""
    kind = draw.randrange(8)
    offset = draw.choice(["", "", f" offset {draw.choice(['', '-'])}{duration(draw)}"])
    place = f"{draw.uniform(-90, 90):.{draw.randint(0, 4)}f} {draw.uniform(-180, 180):.2f}"
    if kind == 0:
        return f"every {duration(draw)}{offset}"
    if kind == 1:
        return f"{draw.choice(EVENTS)} {place}{offset}"
    if kind == 2:
        return f"sun_elevation {draw.uniform(-20, 70):.1f} {draw.choice(['rising', 'setting'])} {place}{offset}"
    if kind == 3:
        zone = draw.choice(["", "", "Z", "+02:00"])
        day = f"{draw.randint(1960, 2100)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        return f"at {day}T{draw.randrange(24):02}:30{zone}"
    if kind == 4:
        return "rrule " + ";".join(draw.sample(PARTS, draw.randint(1, 5)))
    if kind == 5:
        hashed = draw.choice(["H", "H(0-29)", "H/15", "H(10-20)/2", field(draw, 0, 23)])
        return f"{draw.choice(['H', 'H(0-9)', 'H/7'])} {hashed} * * {draw.choice(['*', 'H', 'mon-fri'])}"
    return crontab(draw, year=2026, seconds=draw.random() < 0.2)


def text_of(draw):
    """Return a schedule or an exclusion of one rule or a few."""
    rules = [rule(draw) for _ in range(draw.choice([1, 1, 1, 2, 3]))]
    if draw.random() < 0.15:
        rules.append(
            draw.choice(
                [
                    "dates 2026-12-24",
                    "dates 2026-12-24..2027-01-06",
                    "calendar weekdays",
                    "calendar weekends",
                    "calendar a few days",
                ]
            )
        )
    return " | ".join(rules)


def terms_of(draw):
    """Return the keywords of random terms, mostly good ones."""
    terms = {"timezone": draw.choice(ZONES) if draw.random() < 0.97 else draw.choice(["Mars", "", "../x", "a\0b"])}
    if draw.random() < 0.3:
        terms["gap"] = draw.choice(["shift", "skip", "shift", "skip", "sometimes"])
    if draw.random() < 0.3:
        terms["fold"] = draw.choice(["first", "second", "both", "second", "never"])
    if draw.random() < 0.3:
        terms["starts_at"] = draw.randrange(-(10**15), 4 * 10**15)
    if draw.random() < 0.3:
        terms["name"] = draw.choice(["backup", "nightly report", "ü", "x" * 200])
    return terms
