"""What a rule costs to read and to keep, over many distinct texts.

Minute, hour and day of month of every text are lists that no other text has, so no cache answers for them; month and
weekday are ``*``, which any cache may know. The first fire is asked for too, because tables may wait until then.
"""

import gc
import random
import time
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

from beatd.schedules import Terms, parse
from benchmarks.next_fire import forget, quiet
from benchmarks.peers import apscheduler_trigger, celery_app, celery_schedule
from benchmarks.rules import START

RULES, ROUNDS, ZONE = 300, 5, "Europe/Paris"
BEGINS = START.astimezone(ZoneInfo(ZONE))

Read = Callable[[str], object]
First = Callable[[object], object]


def _libraries() -> dict[str, tuple[Read, First]]:
    terms, zone, app = Terms(timezone=ZONE), ZoneInfo(ZONE), celery_app(ZONE)
    earlier = BEGINS - timedelta(days=1)
    return {
        "beatd": (lambda text: parse(text, terms), lambda rule: rule.next_after(START)),
        "croniter": (lambda text: croniter(text, BEGINS), lambda rule: rule.get_next(datetime)),
        "cronsim": (lambda text: CronSim(text, BEGINS), next),
        "APScheduler": (
            lambda text: apscheduler_trigger(text, zone),
            lambda rule: rule.get_next_fire_time(None, BEGINS),
        ),
        "Celery": (
            lambda text: celery_schedule(text, app, lambda: BEGINS),
            lambda rule: rule.is_due(earlier),
        ),
    }


def report() -> None:
    """Print time and memory of each library."""
    print(f"a rule of its own, {RULES} different texts in {ZONE}; median of {ROUNDS} rounds")
    print(f"  {'':<14}{'read, µs':>12}{'and first fire, µs':>22}{'kept, bytes':>14}")
    taken: dict[str, list[tuple[float, float]]] = {}
    for number in range(ROUNDS):
        for name, (read, first) in _libraries().items():
            taken.setdefault(name, []).append(_timed(_texts(number), read, first))
    for name, (read, first) in _libraries().items():
        reading, both = (median(each) for each in zip(*taken[name], strict=True))
        print(f"  {name:<14}{reading:>12.1f}{both:>22.1f}{_kept(_texts(ROUNDS), read, first):>14,.0f}")
    print(flush=True)


def _texts(number: int) -> list[str]:
    """Return texts of which no two share a list, the same ones in every run."""
    source = random.Random(number)
    fields = [_lists(source, low, high) for low, high in ((0, 59), (0, 23), (1, 28))]
    return [f"{minute} {hour} {day} * *" for minute, hour, day in zip(*fields, strict=True)]


def _lists(source: random.Random, low: int, high: int) -> list[str]:
    found: set[tuple[int, ...]] = set()
    while len(found) < RULES:
        found.add(tuple(sorted(source.sample(range(low, high + 1), 3))))
    return [",".join(map(str, each)) for each in sorted(found, key=lambda _: source.random())]


def _timed(texts: list[str], read: Read, first: First) -> tuple[float, float]:
    forget()
    first(read("0 0 * * *"))  # the zone is known to everybody
    with quiet():
        started = time.process_time()
        rules = [read(text) for text in texts]
        done = time.process_time()
        for rule in rules:
            first(rule)
        ended = time.process_time()
    return (done - started) / RULES * 1e6, (ended - started) / RULES * 1e6


def _kept(texts: list[str], read: Read, first: First) -> float:
    """Return the bytes that a rule holds once it has been asked, its part of the library's caches with it."""
    forget()
    first(read("0 0 * * *"))
    gc.collect()
    tracemalloc.start()
    rules = [read(text) for text in texts]
    for rule in rules:
        first(rule)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return kept / len(rules)
