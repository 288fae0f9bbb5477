"""All of it, one table after the other."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.rows import bulk, edits, start, takeover
from benchmarks.rows.entries import customers
from benchmarks.rows.queues import Queues, private_queues
from benchmarks.rows.tables import TABLES, Table, open_table
from benchmarks.service import NotDoneError

COUNT, FEW = 1_000_000, 10
Part = Callable[[Table, Queues, Path, int], None]
PARTS: dict[str, Part] = {
    "start": start.report,
    "edits": edits.report,
    "bulk": bulk.report,
    "takeover": takeover.report,
}


def report(*, scale: float = 1.0, parts: Sequence[str] = (), tables: Sequence[str] = ()) -> bool:
    """Print all of it, or some parts, for all tables, or some; return whether all could be measured.

    ``scale``: a part of the rows, for a quick look.
    """
    count = round(COUNT * scale)
    print(f"rows of a table, {count:,} on a thousand rules in twenty zones; messages into Redis")
    done = True
    with private_queues() as queues:
        for name in tables or TABLES:
            try:
                done = _report(name, queues, count, parts or [*PARTS]) and done
            except psycopg.OperationalError as error:
                print(f"  no {name}: left out ({type(error).__name__})")
    print(flush=True)
    return done


def _report(name: str, queues: Queues, count: int, parts: Sequence[str]) -> bool:
    edit = partial(edits.report, rounds=edits.ROUNDS if count >= start.FEW else edits.FEW_ROUNDS)
    done = []
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as folder:
        if "edits" in parts:
            with open_table(name, Path(folder)) as table:
                table.fill(customers(FEW))
                done.append(_part(edit, table, queues, Path(folder), FEW))
        with open_table(name, Path(folder)) as table:
            taken = table.fill(customers(count))
            print(f"  {name}: {count:,} rows filled in by plain SQL in {taken:.0f} s", flush=True)
            table.settle()
            given = [edit if part == "edits" else PARTS[part] for part in parts]
            done += [_part(part, table, queues, Path(folder), count) for part in given]
    return all(done)


def _part(part: Part, table: Table, queues: Queues, folder: Path, count: int) -> bool:
    done = True
    try:
        part(table, queues, folder, count)
    except NotDoneError as error:
        done = False
        print(f"    NOT MEASURED: {error}", flush=True)
    # What a part leaves where it ends early would be in the way of the next one.
    table.edit("DELETE FROM beatd_schedules WHERE name NOT LIKE 'customer-%'")
    return done
