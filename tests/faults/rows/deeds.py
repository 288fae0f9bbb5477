"""What people do to rows, as the statements that they type."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.faults.rows.table import EPOCH, Session, Table, clock

CALENDARS = ("office", "school")
SCHEDULES = (
    *("every 100ms", "every 200ms", "every 1s", "every 1s offset 300ms", "every 3s offset 1s"),
    *("* * * * * *", "*/2 * * * * *"),
)
BROKEN = (("schedule", "every monday"), ("timezone", "Mars/Olympus"), ("args", '{"no": "list"}'), ("schedule", ""))
INSERT = "INSERT INTO beatd_schedules (name, task, schedule, misfire, args) VALUES (?, 'mark', ?, ?, ?)"

Statement = tuple[str, Sequence[object]]
Number = Callable[[], int]
Deed_ = Callable[[list[str], random.Random, Number, Table], Iterator[Statement]]


@dataclass(frozen=True)
class Deed:
    """``statements`` of (names, dice, the next edit's number, table); ``weight``: how often, beside the others."""

    statements: Deed_
    weight: float
    names: int = 1
    is_for_all: bool = False
    is_for_calendars: bool = False


def insert_many(session: Session, rows: list[tuple[str, str, str, int]]) -> None:
    """Insert rows of (name, schedule, misfire, edit)."""
    for name, schedule, misfire, edit in rows:
        session.execute(INSERT, (name, schedule, misfire, json.dumps([edit])))


def _new(name: str, dice: random.Random, number: Number) -> tuple[object, ...]:
    return name, dice.choice(SCHEDULES), dice.choice((None, "latest", "all")), json.dumps([number()])


def _insert(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    """Insert where there is none: a plain INSERT of a name that is there fails."""
    yield f"{INSERT} ON CONFLICT (namespace, name) DO NOTHING", _new(names[0], dice, number)


def _insert_again(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield INSERT, _new(names[0], dice, number)


def _change(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    told = "UPDATE beatd_schedules SET schedule = ?, args = ?, timezone = NULL, exclude = NULL WHERE name = ?"
    yield told, (dice.choice(SCHEDULES), json.dumps([number()]), names[0])


def _change_schedule(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "UPDATE beatd_schedules SET schedule = ? WHERE name = ?", (dice.choice(SCHEDULES), names[0])


def _change_args(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "UPDATE beatd_schedules SET args = ? WHERE name = ?", (json.dumps([number()]), names[0])


def _change_queue(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    told = "UPDATE beatd_schedules SET queue = ?, priority = ? WHERE name = ?"
    yield told, (dice.choice((None, "celery", "slow")), dice.choice((None, 0, 9)), names[0])


def _disable(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "UPDATE beatd_schedules SET enabled = false WHERE name = ?", names


def _enable(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "UPDATE beatd_schedules SET enabled = true WHERE name = ?", names


def _enable_all(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "UPDATE beatd_schedules SET enabled = true, timezone = NULL WHERE name LIKE 'row-%'", ()


def _delete(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "DELETE FROM beatd_schedules WHERE name = ?", names


def _re_create(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "DELETE FROM beatd_schedules WHERE name = ?", names
    yield INSERT, _new(names[0], dice, number)


def _rename(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "DELETE FROM beatd_schedules WHERE name = ?", names[1:]
    yield "UPDATE beatd_schedules SET name = ? WHERE name = ?", (names[1], names[0])


def _move_away(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    """Move it into another namespace, whose schedulers there are none of."""
    yield "DELETE FROM beatd_schedules WHERE namespace = 'elsewhere' AND name = ?", names
    yield "UPDATE beatd_schedules SET namespace = 'elsewhere' WHERE name = ?", names


def _move_back(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    yield "DELETE FROM beatd_schedules WHERE namespace = 'beatd' AND name = ?", names
    yield "UPDATE beatd_schedules SET namespace = 'beatd' WHERE name = ?", names


def _bulk(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    told = "UPDATE beatd_schedules SET schedule = ?, args = ? WHERE name IN (?, ?, ?, ?, ?, ?, ?, ?)"
    yield told, (dice.choice(SCHEDULES), json.dumps([number()]), *names)


def _upsert(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    told = "ON CONFLICT (namespace, name) DO UPDATE SET schedule = excluded.schedule, args = excluded.args"
    yield f"{INSERT} {told}", _new(names[0], dice, number)


def _replace(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    """As SQLite has it, whose REPLACE fires no trigger for what it deletes; elsewhere by an upsert of all columns."""
    if table.is_sqlite:
        yield INSERT.replace("INSERT", "INSERT OR REPLACE"), _new(names[0], dice, number)
    else:
        yield from _upsert(names, dice, number, table)


def _break(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    column, value = dice.choice(BROKEN)
    yield f"UPDATE beatd_schedules SET {column} = ? WHERE name = ?", (value, names[0])


def _touch(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    """Set the moment alone: a new version of the row as it is."""
    now = "strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now')" if table.is_sqlite else "clock_timestamp()"
    yield f"UPDATE beatd_schedules SET changed_at = {now} WHERE name = ?", names


def _refused(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    """Give what a CHECK refuses: the whole transaction is rolled back."""
    yield "UPDATE beatd_schedules SET misfire = 'sometimes'", ()


def _exclude(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    calendar = dice.choice((*CALENDARS, "nowhere"))
    yield "UPDATE beatd_schedules SET exclude = ? WHERE name = ?", (f"calendar {calendar}", names[0])


def _calendar(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    """Close a calendar these days or others, or remove it."""
    if dice.random() < 0.2:
        yield "DELETE FROM beatd_calendars WHERE name = ?", names
        return
    today = (EPOCH + timedelta(microseconds=clock())).date()
    first, last = today - timedelta(days=2), today + timedelta(days=2)
    dates, told = dice.choice(((f"{first}..{last}", "closed"), ("2001-01-01", "open")))
    set_ = "DO UPDATE SET dates = excluded.dates, description = excluded.description"
    told_ = (
        f"INSERT INTO beatd_calendars (name, dates, description) VALUES (?, ?, ?) ON CONFLICT (namespace, name) {set_}"
    )
    yield told_, (names[0], json.dumps([dates]), told)


def _empty(names: list[str], dice: random.Random, number: Number, table: Table) -> Iterator[Statement]:
    """Empty the table, then fill it again as a dump does."""
    yield "CREATE TEMPORARY TABLE kept AS SELECT * FROM beatd_schedules", ()
    yield "DELETE FROM beatd_schedules" if table.is_sqlite else "TRUNCATE beatd_schedules", ()
    yield "INSERT INTO beatd_schedules SELECT * FROM kept", ()
    yield "DROP TABLE kept", ()


DEEDS = {
    "insert": Deed(_insert, 4),
    "insert again": Deed(_insert_again, 0.5),
    "change": Deed(_change, 6),
    "change schedule": Deed(_change_schedule, 2),
    "change args": Deed(_change_args, 3),
    "change queue": Deed(_change_queue, 2),
    "disable": Deed(_disable, 3),
    "enable": Deed(_enable, 3),
    "enable all": Deed(_enable_all, 0.5, is_for_all=True),
    "delete": Deed(_delete, 2),
    "re-create": Deed(_re_create, 1),
    "rename": Deed(_rename, 1, names=2),
    "move away": Deed(_move_away, 0.5),
    "move back": Deed(_move_back, 0.5),
    "bulk": Deed(_bulk, 1, names=8),
    "upsert": Deed(_upsert, 2),
    "replace": Deed(_replace, 1),
    "break": Deed(_break, 2),
    "touch": Deed(_touch, 1),
    "refused": Deed(_refused, 0.5),
    "exclude": Deed(_exclude, 1),
    "calendar": Deed(_calendar, 1, is_for_calendars=True),
    "empty": Deed(_empty, 0.2, is_for_all=True),
}
