"""The judge of the fault tests: reads the tables and the tasks' own side effects, and shares no code with beatd.

It recomputes from the definitions kept in the store which fires each version owned, by arithmetic of its own, and
demands that each was emitted exactly once or lies in exactly one range, and that each emitted message ran.
"""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid5

SECOND = 1_000_000
FOREVER = 1 << 62
BEATD = UUID("0783e573-7f08-5e07-aaff-d019ebc8fbd9")
PERIODS = {
    "every 100ms": SECOND // 10,
    "every 200ms": SECOND // 5,
    "every 1s": SECOND,
    "every 2s": 2 * SECOND,
    "* * * * * *": SECOND,
    "*/2 * * * * *": 2 * SECOND,
}


@dataclass
class Verdict:
    """What the oracle found."""

    expected: int
    emitted: int
    disposed: int
    executed: int
    repeats: int
    problems: list[str]


@dataclass(frozen=True)
class Owned:
    """Fires of one schedule from one version of an entry to the next: those in (since, until]."""

    entry: str
    generation: int
    since: int
    until: int
    period: int

    def fires(self) -> range:
        return range((self.since // self.period + 1) * self.period, self.until + 1, self.period)


def judge(database: Path, side_effects: Path, *, stopped_at: int, slack: int = 3 * SECOND) -> Verdict:
    """Compare what should have fired with what the tables and the side effects say.

    ``stopped_at``: until then, in microseconds, every entry must have been looked after.
    """
    problems: list[str] = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        emitted, ranges = read_fires(connection, problems)
        owned = list(read_owned(connection, problems, slack))
        for each in owned:
            is_newest = all(other.since <= each.since for other in owned if other.entry == each.entry)
            removed = connection.execute("SELECT removed FROM beatd_entries WHERE name = ?", (each.entry,)).fetchone()[
                0
            ]
            if is_newest and not removed and each.until < stopped_at - each.period - slack:
                problems.append(f"died: {each.entry} was looked after until {each.until} only, of {stopped_at}")
        waiting = {row["id"]: row["state"] for row in connection.execute("SELECT id, state FROM beatd_messages")}
        problems += read_held(connection, waiting)
    expected = {(each.entry, each.generation, fire) for each in owned for fire in each.fires()}
    disposed = {fire for fire in expected for first, last in ranges.get(fire[:2], ()) if first <= fire[2] <= last}
    problems += [f"lost: {fire}" for fire in sorted(expected - set(emitted) - disposed)]
    problems += [f"emitted, but owned by no version: {fire}" for fire in sorted(set(emitted) - expected)]
    problems += [f"emitted and on record as not: {fire}" for fire in sorted(set(emitted) & disposed)]
    runs = read_side_effects(side_effects)
    for (entry, generation, fire), message_id in emitted.items():
        if message_id != str(uuid5(BEATD, f"beatd\n{generation}\n{fire}\n{entry}")):
            problems.append(f"wrong id: {entry} {fire} {message_id}")
        if not runs[message_id] and message_id not in waiting:
            problems.append(f"emitted, never ran: {entry} {fire}")
    problems += [f"ran, but was never emitted: {each}" for each in set(runs) - set(emitted.values())]
    repeats = sum(count - 1 for count in runs.values())
    return Verdict(len(expected), len(emitted), len(disposed), len(runs), repeats, problems)


def read_fires(connection, problems):
    """Return emitted ids by (entry, generation, fire), and ranges by (entry, generation)."""
    emitted: dict[tuple[str, int, int], str] = {}
    ranges: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for row in connection.execute("SELECT * FROM beatd_fires WHERE reason != 'triggered' ORDER BY first"):
        key = (row["entry"], row["generation"])
        if row["reason"] != "emitted":
            ranges.setdefault(key, []).append((row["first"], FOREVER if row["last"] is None else row["last"]))
        elif (*key, row["first"]) in emitted:
            problems.append(f"emitted twice: {key} {row['first']}")
        else:
            emitted[(*key, row["first"])] = row["message_id"]
    for key, found in ranges.items():
        problems += [f"ranges overlap: {key} {a} {b}" for a, b in pairwise(sorted(found)) if b[0] <= a[1]]
    counted = Counter(emitted.values())
    problems += [f"id twice: {each}" for each, count in counted.items() if count > 1]
    return emitted, ranges


def read_held(connection, waiting):
    """Yield what is held behind nothing that waits or runs, and what an entry waits for though it has ended."""
    held = {each for each, state in waiting.items() if state == "held"}
    for row in connection.execute("SELECT name, unfinished_id, held_id FROM beatd_entries"):
        if row["unfinished_id"] is not None and waiting.get(row["unfinished_id"], "dead") == "dead":
            yield f"waits for what has ended: {row['name']} {row['unfinished_id']}"
        held.discard(row["held_id"])
    yield from (f"held behind nothing: {each}" for each in held)


def read_owned(connection, problems, slack):
    """Yield what each version owned: from its change, or from the last fire of the one before, to the next one's."""
    (installed,) = connection.execute("SELECT since FROM beatd_namespaces").fetchone()
    cursors = dict(connection.execute("SELECT name, cursor FROM beatd_entries"))
    for name, changes in read_changes(connection).items():
        generation, since = 0, installed
        for number, (first_version, changed_at, rule) in enumerate(changes):
            since = max(since, changed_at)
            following = changes[number + 1] if number + 1 < len(changes) else None
            if rule is None:
                continue
            if number == 0 or changes[number - 1][2] is None:
                generation += 1
            until = cursors[name]
            if following is not None:
                until = max(following[1], newest_of(connection, name, first_version, following[0]))
                if until > following[1] + slack:
                    problems.append(f"{name}: version {first_version} fired {until - following[1]} µs past its end")
            yield Owned(name, generation, since, until, PERIODS[rule])
            since = until


def read_changes(connection):
    """Return by name (version, changed_at, rule) of each version whose rule is another than the one before it."""
    changes: dict[str, list[tuple[int, int, str | None]]] = {}
    for row in connection.execute("SELECT * FROM beatd_definitions ORDER BY name, number"):
        rule = json.loads(row["entry"])["schedule"] if row["entry"] else None
        known = changes.setdefault(row["name"], [])
        if not known or known[-1][2] != rule:
            known.append((row["number"], row["changed_at"], rule))
    return changes


def newest_of(connection, name, first_version, next_version):
    """Return the newest fire that the versions from one to before the next have settled."""
    (newest,) = connection.execute(
        "SELECT max(coalesce(last, first)) FROM beatd_fires WHERE entry = ? AND version >= ? AND version < ?",
        (name, first_version, next_version),
    ).fetchone()
    return newest or 0


def read_side_effects(path: Path) -> Counter[str]:
    """Count how often each message ran; each line of the file is an id."""
    return Counter(line.strip() for line in path.read_text().splitlines() if line.strip())
