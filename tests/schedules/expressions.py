"""Random crontabs, as text, by a ``random.Random``: thousands in the time that a property takes for one."""

from tests.schedules.oracle import MONTHS, WEEKDAYS

NEAR_A_CHANGE = [0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 22, 23, 23]
SUNDAYS = ["7", "5-7", "7-2", "0-7", "sat-7", "3-7/2", "1,7", "1-7", "7-7"]
ROUND = [0, 0, 0, 15, 30, 30, 45, 59, 1]


def _value(draw, low, high, names):
    value = draw.randint(low, high)
    if not names or draw.random() < 0.5:
        return str(value)
    return names[value % 7] if names is WEEKDAYS else names[value - 1]


def _step(draw, length):
    return draw.choice([draw.randint(1, length), min(length, draw.choice([2, 3, 5, 7, 10, 15]))])


def field(draw, low, high, names=(), usual=()):
    """Return one field of values, ranges (also wrapping), steps, stars and lists of them."""
    kind = draw.random()
    if kind < 0.25:
        return str(draw.choice(usual)) if usual else _value(draw, low, high, names)
    if kind < 0.45:
        return f"*/{_step(draw, high - low)}"
    if kind < 0.7:
        return ",".join(_item(draw, low, high, names, usual) for _ in range(draw.randint(1, 3)))
    return "*" if kind < 0.85 else f"{_value(draw, low, high, names)}-{_value(draw, low, high, names)}"


def _item(draw, low, high, names, usual):
    kind = draw.randrange(6)
    if kind == 0:
        return "*" if draw.random() < 0.2 else f"*/{_step(draw, high - low)}"
    if kind == 1:
        value = draw.randint(low, high - 1)
        return f"{value}/{_step(draw, high - value)}"
    if kind == 2:
        first, last = draw.randint(low, high), draw.randint(low, high)
        length = (last - first) % (high - low + 1)
        return f"{first}-{last}/{_step(draw, length)}" if length else f"{first}-{last}"
    return str(draw.choice(usual)) if usual and kind < 5 else _value(draw, low, high, names)


def day_of_month(draw, near=()):
    """Return a day-of-month field; the days named singly are around ``near`` where that is given."""
    kind = draw.random()
    if kind < 0.35:
        return draw.choice(["*", "*", "*", "?", "*/2", f"*/{_step(draw, 30)}"])
    if kind < 0.65:
        special = ["L", "LW", f"L-{draw.randint(1, 28)}", f"{draw.choice([1, 15, *near, draw.randint(1, 31)])}W"]
        return ",".join(draw.sample(special, draw.choice([1, 1, 1, 2])) + (["15"] if draw.random() < 0.1 else []))
    return field(draw, 1, 31, usual=near)


def day_of_week(draw):
    """Return a day-of-week field."""
    kind = draw.random()
    both = "&" if draw.random() < 0.25 else ""
    if kind < 0.35:
        return draw.choice(["*", "*", "*", "?", "*/2"])
    if kind < 0.6:
        name = _value(draw, 0, 7, WEEKDAYS)
        special = draw.choice([f"{name}L", f"{name}#{draw.randint(1, 5)}"])
        return both + special + ("," + _value(draw, 0, 7, WEEKDAYS) if draw.random() < 0.2 else "")
    return both + (draw.choice(SUNDAYS) if draw.random() < 0.2 else field(draw, 0, 6, WEEKDAYS))


def crontab(draw, *, near=(), year=None, seconds=False, sparse=False):
    """Return a crontab; with seconds and years now and then where a year is given, or always seconds.

    ``near``: days of the month worth hitting. ``sparse``: at most a few fires a day.
    """
    minute = field(draw, 0, 59, usual=ROUND) if not sparse else str(draw.choice(ROUND))
    hour = field(draw, 0, 23, usual=NEAR_A_CHANGE)
    if sparse:
        hour = draw.choice([str(draw.choice(NEAR_A_CHANGE)), "*/8", "2,3", "1-3"])
    month = draw.choice(["*"] * 5 + [field(draw, 1, 12, MONTHS)])
    words = [minute, hour, day_of_month(draw, near), month, day_of_week(draw)]
    if year is not None and draw.random() < 0.25:
        years = [f"{year}", f"{year - 1}-{year + 1}", f"*/{draw.choice([2, 3])}", f"{year},{year + 2}", f"{year + 1}"]
        return " ".join(["0" if not seconds else field(draw, 0, 59), *words, draw.choice(["*", *years])])
    return " ".join([field(draw, 0, 59), *words] if seconds else words)
