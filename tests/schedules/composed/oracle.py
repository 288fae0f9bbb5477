"""A second opinion on what is composed: unions, exclusions, closed days, business days. Shares no code with beatd."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from tests.schedules.oracle import WEEKDAYS, Rule
from tests.schedules.walk import EPOCH, offset

UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
FARTHEST = 40  # days; longer runs of closed days are not drawn


def seconds(duration):
    """Return the seconds of ``7m``; of one unit."""
    sign = -1 if duration.startswith("-") else 1
    return sign * int(duration.lstrip("-")[:-1]) * UNITS[duration[-1]]


class Calendar:
    """Closed days, of a table as it stands in TOML."""

    def __init__(self, table):
        self._weekdays = {WEEKDAYS.index(name) for name in table.get("closed", [])}
        self._dates = [span(text) for text in table.get("dates", [])]
        self._open = [span(text) for text in table.get("open", [])]

    def closes(self, day):
        if any(first <= day <= last for first, last in self._open):
            return False
        closed = day.isoweekday() % 7 in self._weekdays
        return closed or any(first <= day <= last for first, last in self._dates)


def span(text):
    """Return the first and the last day of ``2026-12-24`` or ``2026-12-27..2026-12-31``."""
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last or first)


class Closed:
    """The days that an exclusion closes; Saturday and Sunday where it names none."""

    def __init__(self, parts, calendars):
        named = [part.split(maxsplit=1) for part in parts if part.startswith(("dates ", "calendar "))]
        self.any = bool(named)
        self._calendars = [
            Calendar({"dates": [rest]} if kind == "dates" else calendars[rest]) for kind, rest in named
        ] or [Calendar({"closed": ["sat", "sun"]})]
        self._known = {}

    def closes(self, day):
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = any(calendar.closes(day) for calendar in self._calendars)
        return known

    def opened(self, day, step):
        """Return the first day that is open, from this one on in steps of 1 or -1."""
        while self.closes(day):
            day += timedelta(days=step)
        return day


class Moved:
    """A crontab, its readings on closed days at the same time of the next or previous open day."""

    def __init__(self, rule, closed, step):
        self.second, self.minute, self.hour, self.elapsed = rule.second, rule.minute, rule.hour, rule.elapsed
        self._rule, self._closed, self._step = rule, closed, step

    def names_day(self, day):
        if self._closed.closes(day):
            return False
        source = day
        for _ in range(FARTHEST):
            if self._rule.names_day(source):
                return True
            source -= timedelta(days=self._step)
            if not self._closed.closes(source):
                return False
        raise AssertionError("a run of closed days that is longer than is drawn")


class Composition:
    """What the parts of a union name in a walk, when an exclusion and business days are applied; in seconds."""

    def __init__(self, walk, gap, fold, exclude, calendars, business):
        self.walk, self.gap, self.fold, self.business = walk, gap, fold, business
        self.zone = ZoneInfo(walk.timezone)
        self._closed = Closed(exclude, calendars)
        rules = [text for text in exclude if not text.startswith(("dates ", "calendar "))]
        self._crons = [Rule(text) for text in rules if not text.startswith("every ")]
        self._moments = {at for text in rules if text.startswith("every ") for at in self._interval(text)}
        # A cron that is excluded takes away the moment to which it is moved at a gap.
        self._ends = {
            since
            for since, skipped in walk.gaps
            for rule in self._crons
            if (gap or ("skip" if rule.elapsed else "shift")) == "shift" and skipped.matching(rule)
        }

    def fires(self, parts):
        """Return every instant in the walk at which something is left, in order."""
        found = {at for text in parts for at in self._part(text)}
        return sorted(at for at in found if self._left(at))

    def _part(self, text):
        moves = {"next": 1, "previous": -1}.get(self.business)
        if text.startswith("every "):
            instants = self._interval(text, margin=FARTHEST if moves else 0)
            return instants if moves is None else {at for each in instants for at in self._moved(each, moves)}
        rule = Rule(text)
        return self.walk.fires(rule if moves is None else Moved(rule, self._closed, moves), self.gap, self.fold)

    def _interval(self, text, margin=0):
        words = text.split()
        every, ahead = seconds(words[1]), seconds(words[3]) if len(words) > 3 else 0
        first, stop = self.walk.start - margin * 86_400, self.walk.stop + margin * 86_400
        return range(first + (ahead - first) % every, stop, every)

    def _moved(self, instant, step):
        """Return the instants at which the same reading is there on an open day."""
        day, rest = divmod(instant + offset(self.zone, instant), 86_400)
        there = EPOCH + timedelta(days=day)
        opened = self._closed.opened(there, step)
        if opened == there:
            return [instant]
        return self._shown((opened - EPOCH).days * 86_400 + rest)

    def _shown(self, reading):
        """Return the instants at which a clock of wall-clock rules shows a reading."""
        ahead = sorted({offset(self.zone, reading + hours * 3600) for hours in range(-30, 31)})
        shown = sorted(reading - each for each in ahead if offset(self.zone, reading - each) == each)
        if shown:
            return {"first": shown[:1], "second": shown[-1:], "both": shown}[self.fold or "first"]
        ends = [
            since
            for since, skipped in self.walk.gaps
            if skipped.readings[0] <= reading // 60 * 60 <= skipped.readings[-1]
        ]
        return ends if (self.gap or "shift") == "shift" else []

    def _left(self, at):
        if not self.walk.start <= at < self.walk.stop or at in self._moments or at in self._ends:
            return False
        day, rest = divmod(at + offset(self.zone, at), 86_400)
        there = EPOCH + timedelta(days=day)
        stays = self._closed.any or self.business is not None
        if stays and self.business in (None, "skip") and self._closed.closes(there):
            return False
        return not any(self._takes(rule, there, rest) for rule in self._crons)

    @staticmethod
    def _takes(rule, day, rest):
        if rule.has_seconds and rest % 60 not in rule.second:
            return False
        return rest // 60 % 60 in rule.minute and rest // 3600 in rule.hour and rule.names_day(day)
