"""The figures of firing, each beside the bare loop, or the beats, of the same run."""

import os
from collections.abc import Sequence
from statistics import median

from benchmarks import celery_side
from benchmarks.disk import fdatasync_ms
from benchmarks.firing import bare, beats, engine
from benchmarks.firing.places import Place, RedisPlace, open_places
from benchmarks.table import target

COUNTS = (1_000, 10_000, 100_000)
FIRES = {"Redis": 200_000, "PostgreSQL": 500_000, "SQLite": 500_000}
LEAST = {"Redis": 30_000, "PostgreSQL": 8_000, "SQLite": 10_000}
SHARE = 0.45
HISTORIES = ("exceptions", "all")
HERD, HERD_SECONDS = 100_000, 4.0
EACH_SECOND, SPREAD_MS, AT_ONCE_MS = 5_000, 20.0, 300.0
Ours = dict[str, list[tuple[float, float]]]
"""By history, of each round: the fires a second and the share of a core."""


def report(rounds: int, *, scale: float = 1.0, only: str = "") -> None:
    """Print all of it. ``scale``: a part of the entries and fires, for a quick look; ``only``: one store, or "beats".

    Half a million fires, a herd and ten seconds of lateness are long enough to be measured once.
    """
    print(f"firing in batches of {bare.BATCH}; {scale:g} of the entries and fires")
    with open_places() as places:
        for place in places:
            if only not in ("", place.name):
                continue
            for count in COUNTS if isinstance(place, RedisPlace) else COUNTS[-1:]:
                several = rounds if isinstance(place, RedisPlace) else 1
                _throughput(place, several, round(count * scale), round(FIRES[place.name] * scale))
            _herd(place, round(HERD * scale))
            _lateness(place, round(EACH_SECOND * scale))
    if only in ("", "beats") and celery_side.available():
        _beats([round(count * scale) for count in COUNTS])
    print(flush=True)


def _throughput(place: Place, rounds: int, count: int, fires: int) -> None:
    print(f"  {place.name}: {count:,} entries due each second, {fires:,} fires; {_surroundings()}")
    loops: list[float] = []
    ours: Ours = {history: [] for history in HISTORIES}
    for _ in range(rounds):
        loops.append(bare.rate(place, count, fires))
        for history in HISTORIES:
            ours[history].append(engine.rate(place, history, count, fires))
    print(f"    bare loop            {median(loops):>9,.0f} fires/s")
    for history, figures in ours.items():
        rate, used = (median(column) for column in zip(*figures, strict=True))
        share = median(each / loop for (each, _), loop in zip(figures, loops, strict=True))
        text = f"  history {history:<10} {rate:>9,.0f} fires/s, {share:.0%} of the bare loop, {used:.0%} of a core"
        if count < COUNTS[-1]:
            print(f"  {text}", flush=True)
        else:
            least = LEAST[place.name]
            target(f"{text} (at least {least:,}, or {SHARE:.0%})", met=rate >= least or share >= SHARE)


def _herd(place: Place, count: int) -> None:
    for history in HISTORIES:
        last = max(engine.herd(place, history, count)) / 1e6
        text = f"  {place.name}: {count:,} on one instant, history {history}: the last {last:.2f} s after it"
        target(f"{text} (at most {HERD_SECONDS:g})", met=last <= HERD_SECONDS)


def _lateness(place: Place, count: int) -> None:
    spread = [f"every 1s offset {milliseconds}ms" for milliseconds in range(1, 1000)]
    for schedules, what, most in (
        (["every 1s", *spread], "spread over the second", SPREAD_MS),
        (["every 1s"], "all on the second", AT_ONCE_MS),
    ):
        for history in HISTORIES:
            late, used = engine.each_second(place, history, count, schedules)
            p50, p99, p999 = _percentiles(late)
            text = f"  {place.name}: {count:,} fires/s {what}, history {history}: late p50 {p50:.1f}, p99 {p99:.1f}"
            target(f"{text}, p99.9 {p999:.1f} ms; {used:.0%} of a core (p99 at most {most:g})", met=p99 <= most)


def _percentiles(late: list[int]) -> tuple[float, float, float]:
    ordered = sorted(late)
    p50, p99, p999 = (ordered[int(len(ordered) * part)] / 1000 for part in (0.5, 0.99, 0.999))
    return p50, p99, p999


def _beats(counts: Sequence[int]) -> None:
    for name in beats.SCHEDULERS:
        for count in counts:
            found = beats.rate(name, count)
            rate = f"none in {beats.LONGEST_START} s" if found is None else f"{found:,.0f} fires/s"
            print(f"  Redis: {count:,} entries due each second: {name} {rate}; {_surroundings()}", flush=True)


def _surroundings() -> str:
    return f"load {os.getloadavg()[0]:.1f}, fdatasync {fdatasync_ms():.2f} ms"
