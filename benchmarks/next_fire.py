"""The next fire through aware datetimes: each library walks forward, fire by fire, from the same start.

Rounds are short and alternate between the libraries, in CPU time, so that another program on the machine disturbs all
alike; the median is taken. A library that refuses an expression, or gives other fire times than beatd does, is left out
of that line and of the means.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import geometric_mean, median

from beatd.core.compiling import compile_entry
from beatd.core.entry import Entry
from beatd.schedules import Schedule
from beatd.schedules.moments import to_us
from benchmarks.peers import WALKS, RefusedError, Walk, integers, schedule_walk
from benchmarks.rules import CASES, RAREST, START, Case
from benchmarks.table import target

ROUNDS, FIRES = 9, 200
TARGETS = {"croniter": 25.0, "cronsim": 10.0}
LONGEST_US = 100.0


def report() -> None:
    """Print the table, the means and whether the targets are met."""
    peers = [name for name in WALKS if name != "beatd"]
    print(f"next fire after an aware datetime, µs a fire; median of {ROUNDS} walks from {START:%Y-%m-%d}")
    print(f"  {'':<46}{'beatd':>9}" + "".join(f"{name:>13}" for name in peers))
    rows = [_row(case) for case in CASES]
    for case, row in zip(CASES, rows, strict=True):
        cells = "".join(f"{_cell(row[name]):>13}" for name in peers)
        print(f"  {case.text:<24}{case.zone:<22}{row['beatd']:>9.2f}{cells}")
    ours = [row["beatd"] for row in rows]
    print(f"  geometric mean: beatd {geometric_mean(ours):.2f} µs; on integers {_on_integers():.2f} µs")
    for name in peers:
        _compare(name, rows)
    _report_worst(max(ours))
    print(flush=True)


def _compare(name: str, rows: list[dict[str, float | str]]) -> None:
    pairs = [(row[name], row["beatd"]) for row in rows if isinstance(row[name], float)]
    ratio = geometric_mean([theirs / ours for theirs, ours in pairs])
    theirs = geometric_mean([theirs for theirs, _ in pairs])
    text = f"{name:<12} {theirs:>8.2f} µs over the same {len(pairs)} lines, {ratio:.1f} times beatd's"
    if name in TARGETS:
        target(f"{text} (at least {TARGETS[name]:g})", met=ratio >= TARGETS[name])
    else:
        print(f"  {text}")


def _report_worst(worst_listed: float) -> None:
    """Print the rarest rules: as they walk, and with everything known of rules and zones forgotten before the fire."""
    figures = [worst_listed]
    for text, exclude, zone in RAREST:
        case = Case("rarest", text, zone, fires=12)
        walk = schedule_walk(_schedule(text, exclude, zone), START)
        figures.append(_medians({"beatd": walk}, case.fires)["beatd"])
        first = median(_first(text, exclude, zone) for _ in range(ROUNDS))
        print(f"  {text:<24}{zone:<22}{figures[-1]:>9.2f}   asked first in a process, once: {first:.0f}")
        if exclude:
            print(f"    except {exclude}")
    target(f"worst case: {max(figures):.1f} µs (at most {LONGEST_US:g})", met=max(figures) <= LONGEST_US)


def _schedule(text: str, exclude: str | None, zone: str) -> Schedule:
    return compile_entry(Entry(name="rarest", task="app.task", schedule=text, exclude=exclude, timezone=zone))


def _first(text: str, exclude: str | None, zone: str) -> float:
    forget()
    next_after = _schedule(text, exclude, zone).next_after
    with quiet():
        started = time.process_time()
        next_after(START)
        return (time.process_time() - started) * 1e6


def _row(case: Case) -> dict[str, float | str]:
    """Return each library's microseconds a fire, or the reason why there are none."""
    row: dict[str, float | str] = {}
    walks: dict[str, Walk] = {}
    for name, build in WALKS.items():
        try:
            walks[name] = build(case, START)
        except RefusedError:
            row[name] = "refused"
    wanted = walks["beatd"](case.fires)
    for name in list(walks):
        if list(map(to_us, walks[name](case.fires))) != list(map(to_us, wanted)):
            row[name] = "differs"
            del walks[name]
    return row | _medians(walks, case.fires)


def _medians(walks: Mapping[str, Callable[[int], object]], fires: int) -> dict[str, float]:
    """Return the microseconds a fire of each; short walks are repeated, so that all are measured over as many fires."""
    taken: dict[str, list[float]] = {name: [] for name in walks}
    turns = max(1, FIRES // fires)
    with quiet():
        for _ in range(ROUNDS):
            for name, walk in walks.items():
                started = time.process_time()
                for _ in range(turns):
                    walk(fires)
                taken[name].append((time.process_time() - started) / (turns * fires))
    return {name: median(each) * 1e6 for name, each in taken.items()}


def _on_integers() -> float:
    """Return the geometric mean for ``next_us``, which the engine calls."""
    return geometric_mean(_medians({"beatd": integers(case, START)}, case.fires)["beatd"] for case in CASES)


def forget() -> None:
    """Empty every cache of the schedules, so that what follows is computed anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("beatd.schedules", "beatd.core")):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the collector of garbage from running in between."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.2f}"
