"""A million entries on a thousand rules: what all their next fires cost in time, and each entry in memory.

Seconds are CPU time. Each figure comes from a process of its own: one that makes the names, args and kwargs alone, and
one that makes the entries around the same, their schedules and an array of their next fires. The difference of their
resident memory is what an entry costs beside what its user put in.
"""

import gc
import json
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beatd.core.compiling import compile_entry
from beatd.core.entry import Entry
from beatd.schedules.moments import to_us
from benchmarks.rules import START
from benchmarks.table import target

ENTRIES, RULES, ROUNDS = 1_000_000, 1_000, 3
MOST_SECONDS, MOST_BYTES = 1.0, 150.0
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo")
HOUR = 3_600_000_000


def report() -> None:
    """Print seconds and bytes, the best of some rounds each, and whether the targets are met."""
    print(f"{ENTRIES:,} entries on {RULES:,} distinct rules; best of {ROUNDS} processes")
    alone = min(_measured("calls")["bytes"] for _ in range(ROUNDS))
    rounds = [_measured("entries") for _ in range(ROUNDS)]
    built, compiled, fires, again = (
        min(each[key] for each in rounds) for key in ("built", "compiled", "next", "again")
    )
    size = (min(each["bytes"] for each in rounds) - alone) / ENTRIES
    print(f"  entries made in {built:.2f} s, their schedules found in {compiled:.2f} s")
    print(f"  names, args and kwargs alone {alone / ENTRIES:.0f} bytes an entry")
    target(
        f"next fires of all {fires:.2f} s; an hour later {again:.2f} s (at most {MOST_SECONDS:g})",
        met=max(fires, again) < MOST_SECONDS,
    )
    target(f"{size:.0f} bytes of RSS an entry beside them (at most {MOST_BYTES:g})", met=size <= MOST_BYTES)
    print(flush=True)


def _measured(what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.million", what]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _texts() -> list[tuple[str, str]]:
    """Return a thousand different rules, most of them daily or weekly."""
    texts = []
    for number in range(RULES):
        minute, hour = number * 7 % 60, number // 60
        days = ("* * *", "* * mon-fri", f"{number % 28 + 1} * *", "* * sun")[number % 4]
        texts.append((f"{minute} {hour} {days}", ZONES[number % len(ZONES)]))
    texts[:20] = [(f"*/{step} * * * *", zone) for step in (1, 5, 10, 15) for zone in ZONES[:5]]
    assert len(set(texts)) == RULES
    return texts


def _calls() -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    for number in range(ENTRIES):
        yield f"customer-{number}", [number], {"customer": number}


def _calls_alone() -> dict[str, float]:
    before = _resident()
    kept = [each for call in _calls() for each in call]
    pointers = sys.getsizeof(kept)
    return {"bytes": _resident() - before - pointers}


def _entries() -> dict[str, float]:
    texts = _texts()
    before = _resident()
    started = time.process_time()
    entries = [
        Entry(
            name=name,
            task="app.report",
            schedule=texts[place % RULES][0],
            timezone=texts[place % RULES][1],
            args=args,
            kwargs=kwargs,
        )
        for place, (name, args, kwargs) in enumerate(_calls())
    ]
    built = time.process_time()
    schedules = [compile_entry(entry) for entry in entries]
    compiled = time.process_time()
    now = to_us(START)
    fires = array("q", [schedule.next_us(now) for schedule in schedules])
    first = time.process_time()
    used = _resident() - before
    later = now + HOUR
    for place, schedule in enumerate(schedules):
        if fires[place] <= later:
            fires[place] = schedule.next_us(later)
    again = time.process_time()
    taken = {"built": built - started, "compiled": compiled - built, "next": first - compiled, "again": again - first}
    return {**taken, "bytes": used, "distinct": len(set(map(id, schedules)))}


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    gc.disable()  # a million new objects that stay would only be looked through over and over
    print(json.dumps({"calls": _calls_alone, "entries": _entries}[sys.argv[1]]()))
