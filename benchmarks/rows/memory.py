"""A scheduler's memory of a million rows on a thousand plans: bytes a row, and what learning and firing them costs.

Seconds are CPU time; a row's bytes are all that is resident more than before, less the text of its args and kwargs.
"""

import gc
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from beatd.core.entry import Entry, Version
from beatd.core.firing import Moment, decide
from beatd.core.plan import SECOND, Plan, plan_of
from beatd.core.record import Record
from beatd.core.settling import Rules
from beatd.scheduler.agenda import Agenda
from beatd.scheduler.book import Book
from beatd.schedules.moments import to_us
from benchmarks.million import ZONES
from benchmarks.rules import START
from benchmarks.table import target

ROWS, PLANS, PAGE = int(os.environ.get("BENCH_ROWS", "1000000")), 1_000, 4_096
MOST_BYTES = 300.0
NOW, MINUTE = to_us(START), 60 * SECOND
SINCE = NOW - 3_600 * SECOND
RULES = Rules("beatd", 60 * SECOND)
BATCH = 256
T = TypeVar("T")


def report() -> None:
    """Print all of it."""
    print(f"{ROWS:,} rows on {PLANS:,} plans; load {os.getloadavg()[0]:.1f}")
    plans = _plans()
    book, agenda, before = Book(), Agenda(), _resident()
    text = _timed("learn", lambda: _learn(book, plans))
    _say("with their versions", before, text)
    names = list(book)
    _timed("plan, without records", lambda: _plan(book, agenda, names))
    _say("with the agenda", before, text)
    _timed("settle", lambda: _settle(book, names))
    agenda.clear()
    _timed("plan", lambda: _plan(book, agenda, names))
    names.clear()
    size = _say("with records and agenda", before, text)
    _timed("settle down", book.settle_down)
    gc.enable()
    for minute in (1, 2):
        print(
            f"  herd {minute}: {_fire(book, agenda, minute):.1f} µs CPU for each that is due, decided, settled, planned"
        )
    _say("after the herds", before, text)
    target(f"{size:.0f} bytes a row (at most {MOST_BYTES:g})", met=size <= MOST_BYTES)


def _plans() -> list[Plan]:
    """Return plans of which a tenth fires each minute, and the others at some minute of the day."""
    plans = []
    for number in range(PLANS):
        minute, hour = number * 7 % 60, number // 60
        schedule = "* * * * *" if number % 10 == 0 else f"{minute} {hour} * * *"
        plans.append(plan_of(task=f"app.report_{number}", schedule=schedule, timezone=ZONES[number % len(ZONES)]))
    return plans


def _versions(plans: list[Plan]) -> Iterator[list[Version]]:
    for start in range(0, ROWS, PAGE):
        yield [
            Version(
                name=f"customer-{number}",
                number=SINCE + number,
                changed_at=SINCE + number,
                fingerprint=random.getrandbits(63),
                source="postgresql://localhost/app",
                entry=Entry.on(plans[number % PLANS], f"customer-{number}", *_call(number)),
                generation=SINCE + number,
            )
            for number in range(start, min(start + PAGE, ROWS))
        ]


def _call(number: int) -> tuple[bytes, bytes]:
    return b"[%d]" % number, b'{"customer":%d}' % number


def _learn(book: Book, plans: list[Plan]) -> int:
    for versions in _versions(plans):
        book.learn_rows(versions, 0)
    return sum(len(part) for number in range(ROWS) for part in _call(number))


def _settle(book: Book, names: list[str]) -> None:
    for start in range(0, len(names), PAGE):
        part, records = names[start : start + PAGE], {}
        for name in part:
            number, fingerprint = book.newest(name) or (0, 0)
            told = {"generation": number, "version": number, "fingerprint": fingerprint, "since": number}
            records[name] = Record(seq=random.getrandbits(63), cursor=NOW, runs=1, **told)
        book.settle_all(records, part)


def _plan(book: Book, agenda: Agenda, names: list[str]) -> None:
    for name in names:
        agenda.put(name, book.next_moment(name, NOW, 0))


def _fire(book: Book, agenda: Agenda, minute: int) -> float:
    """Fire what is due at a full minute, as the emitter does; return the microseconds that each takes."""
    now = (NOW // MINUTE + minute) * MINUTE + SECOND
    fired, started = 0, time.process_time()
    while names := agenda.pop_due(now, BATCH):
        moment = Moment(now, minute * ROWS + fired, 0)
        for name in names:
            if book.is_late(name, moment, RULES.late_after) or not book.knows_version(name):
                sys.exit(f"{name} is late, or its version is unknown")
            item = decide(name, book.line(name), book.record(name), moment, RULES)
            if item is None:
                sys.exit(f"nothing is due of {name}")
            book.settle(name, item.record)
            agenda.put(name, item.following)
        fired += len(names)
    return (time.process_time() - started) / fired * 1e6


def _timed(what: str, act: Callable[[], T]) -> T:
    started = time.process_time()
    result = act()
    print(f"  {what:<24}{time.process_time() - started:>8.2f} s CPU", flush=True)
    return result


def _say(what: str, before: int, text: int) -> float:
    size = (_resident() - before - text) / ROWS
    print(f"  {what:<24}{size:>8.0f} bytes a row", flush=True)
    return size


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    gc.disable()  # as for any big load: objects that stay would only be looked through over and over
    report()
