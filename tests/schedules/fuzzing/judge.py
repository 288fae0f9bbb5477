"""What must hold for every text, whatever it is."""

import random
import re
import signal
import sys
import time
from contextlib import contextmanager

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import parse_exclude
from beatd.schedules.moments import FIRST, LAST

SLOWEST = 0.05  # seconds of processor time
BARREN = 1.0  # to find what an exclusion leaves of a schedule, or that it leaves nothing at all
HANGS = 5.0
CENTURY = 3_155_760_000_000_000
WORDS = ["0 8 * * *", "every 5m", "sunset 52 13", "sun_elevation -4 rising 52 13", "at 2026-12-24T18:00"]


class Found(Exception):  # noqa: N818  what a fuzzer does is find
    """A text that was not treated as it should be."""

    def __init__(self, kind, text, terms, reason):
        super().__init__(f"{kind} {text!r} under {terms}: {reason}")
        self.kind, self.text, self.terms, self.reason = kind, text, terms, reason


def judge(kind, text, terms):
    """Return "accepted: canonical text" or the refusal; raise Found for anything else."""
    try:
        return _judged(kind, text, terms)
    except Found:
        raise
    except Exception as error:  # whatever it is, it is what is looked for
        raise Found(kind, text, terms, f"{type(error).__name__}: {error}") from error


def _judged(kind, text, terms):
    read = READ[kind]

    def attempt():
        try:
            return read(text, Terms(**terms))
        except InvalidScheduleError as error:
            return error

    answer = timed(attempt, kind, text, terms, "reading it")
    if isinstance(answer, InvalidScheduleError):
        said = str(answer)
        if not answer.reason or "\n" in said:
            raise Found(kind, text, terms, f"a refusal of no reason, or of several lines: {said[:300]!r}")
        return f"refused: {answer.reason} {answer.hint or ''}"
    canonical = str(answer)
    again = read(canonical, Terms(**terms))
    if again != answer or hash(again) != hash(answer) or str(again) != canonical:
        raise Found(kind, text, terms, f"{canonical!r} reads back as {str(again)!r}, which is not equal")
    if kind == "exclude":
        answer = _left_by(answer, text, terms)
    if answer is not None:
        _asked(answer, kind, text, terms)
    return f"accepted: {canonical}"


def _left_by(exclusion, text, terms):
    """Return what an exclusion leaves of some schedule, or None where nothing is left."""
    draw, under = random.Random(text), Terms(**terms)
    base, business = draw.choice(WORDS), draw.choice([None, None, "next", "previous", "skip"])

    def attempt():
        try:
            return composed(parse(base, under), exclusion, business, under)
        except InvalidScheduleError:
            return None

    return timed(attempt, "exclude", text, terms, f"taking it from {base!r} with business days {business}", BARREN)


def _asked(schedule, kind, text, terms):
    draw, slowest = random.Random(text), SLOWEST if kind == "schedule" else BARREN
    moments = [draw.randrange(-CENTURY, 3 * CENTURY), draw.randrange(CENTURY // 3, CENTURY), draw.choice([FIRST, LAST])]
    for moment in moments:
        after = timed(lambda at=moment: schedule.next_us(at), kind, text, terms, f"next_us({moment})", slowest)
        before = timed(lambda at=moment: schedule.last_us(at), kind, text, terms, f"last_us({moment})", slowest)
        if after is not None and not moment < after <= LAST:
            raise Found(kind, text, terms, f"next_us({moment}) is {after}")
        if before is not None and not FIRST <= before < moment:
            raise Found(kind, text, terms, f"last_us({moment}) is {before}")


def timed(call, kind, text, terms, what, slowest=SLOWEST):
    """Return what a call returns; raise Found if it takes too long three times, as the machine may stumble once."""
    spent = []
    for attempt in range(3):
        if attempt:
            forget()
        start = time.process_time()
        with _patience(kind, text, terms, what):
            answer = call()
        spent.append(time.process_time() - start)
        if spent[-1] < slowest:
            return answer
    raise Found(kind, text, terms, f"{what} takes {min(spent) * 1000:.0f} ms")


@contextmanager
def _patience(kind, text, terms, what):
    def too_long(_number, _frame):
        raise Found(kind, text, terms, f"{what} does not end")

    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def forget():
    """Empty the caches of all modules of schedules, save for the zones: those belong to no text."""
    for name, module in list(sys.modules.items()):
        if name.startswith("beatd.schedules.") and not name.endswith(".zones"):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)):
                    clear()


def warm_up():
    """Import what the first use of a kind imports, and look at every zone that the fuzzer uses."""
    from tests.schedules.fuzzing.texts import ZONES

    for words in WORDS:
        for zone in ZONES:
            schedule = parse(words, Terms(timezone=zone))
            for moment in (0, CENTURY // 2, FIRST, LAST):
                schedule.next_us(moment)
                schedule.last_us(moment)


def minimised(found):
    """Return the same failure with as little text as it needs, or as little as a few hundred attempts find."""
    best, size, attempts = found, len(found.text), 0
    while size and attempts < 300:
        place, before = 0, best
        while place < len(best.text) and attempts < 300:
            attempts += 1
            shorter = best.text[:place] + best.text[place + size :]
            again = _failure(best, shorter)
            best, place = (best, place + size) if again is None else (again, place)
        size = size // 2 if best is before or size > 1 else 1
    return best


def _failure(found, text):
    try:
        judge(found.kind, text, found.terms)
    except Found as again:
        kinds = [re.sub("[0-9]+", "", each.reason).partition(":")[0] for each in (found, again)]
        return again if kinds[0] == kinds[1] else None
    return None


def _read_exclude(text, terms):
    return parse_exclude(text, terms, CALENDARS)


CALENDARS = {
    name: read_calendar(name, table)
    for name, table in {
        "weekdays": {"closed": ["mon", "tue", "wed", "thu", "fri"]},
        "weekends": {"closed": ["sat", "sun"], "open": ["2026-12-20"]},
        "a few days": {"dates": ["2026-12-24..2027-01-06", "2028-02-29"]},
    }.items()
}
READ = {"schedule": parse, "exclude": _read_exclude}
