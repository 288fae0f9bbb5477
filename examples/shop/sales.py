"""The sales report: which days it covers, its figures, its files."""

import csv
import io
import sqlite3
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from examples.shop import db

SATURDAY = 5
Row = tuple[str, int, int]
FIGURES = """
SELECT product, sum(quantity), sum(quantity * cents)
FROM orders JOIN products ON products.name = orders.product
WHERE ordered_at >= ? AND ordered_at < ?
GROUP BY product ORDER BY product
"""


@dataclass(frozen=True, slots=True)
class Period:
    """The moments from ``since`` up to but not including ``until``; ``title`` names it and its files."""

    title: str
    since: datetime
    until: datetime


def today(moment: datetime, zone: ZoneInfo) -> Period:
    """Return the local day so far."""
    local = moment.astimezone(zone)
    return Period("today", datetime.combine(local, time(), zone), local)


def last_business_day(moment: datetime, zone: ZoneInfo) -> Period:
    """Return the days since the former business day began, up to midnight: on a Monday, Friday to Sunday."""
    until = datetime.combine(moment.astimezone(zone), time(), zone)
    since = until - timedelta(days=1)
    while since.weekday() >= SATURDAY:
        since -= timedelta(days=1)
    return Period(since.date().isoformat(), since, until)


def write(shop: sqlite3.Connection, period: Period, folder: Path) -> Path:
    """Write ``sales-TITLE.csv`` and ``sales-TITLE.md``, each whole or not at all; return the second."""
    rows = shop.execute(FIGURES, (db.text(period.since), db.text(period.until))).fetchall()
    _replace(folder / f"sales-{period.title}.csv", _table(rows))
    return _replace(folder / f"sales-{period.title}.md", _page(period, rows))


def _replace(path: Path, content: str) -> Path:
    # A reader never sees half a file: the new one takes the old one's name when it is complete.
    part = path.with_name(path.name + ".part")
    part.write_text(content, "utf-8")
    return part.replace(path)


def _table(rows: list[Row]) -> str:
    lines = io.StringIO()
    out = csv.writer(lines, lineterminator="\n")
    out.writerow(["product", "sold", "cents"])
    out.writerows(rows)
    return lines.getvalue()


def _page(period: Period, rows: list[Row]) -> str:
    lines = [f"# Sales: {period.title}", "", f"{period.since.isoformat()} to {period.until.isoformat()}", ""]
    lines += ["| product | sold | EUR |", "|---|---:|---:|"]
    lines += [f"| {product} | {sold} | {cents / 100:.2f} |" for product, sold, cents in rows]
    lines += [f"| **all** | {sum(row[1] for row in rows)} | {sum(row[2] for row in rows) / 100:.2f} |", ""]
    return "\n".join(lines)
