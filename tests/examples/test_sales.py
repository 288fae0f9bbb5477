"""The sales report: its days and its figures."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from examples.shop import db, sales

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "since", "hours"),
    [
        (datetime(2026, 3, 25, 7, tzinfo=UTC), "2026-03-24T00:00:00+01:00", 24),
        (datetime(2026, 3, 30, 6, tzinfo=UTC), "2026-03-27T00:00:00+01:00", 71),  # a Monday; the clock went forward
        (datetime(2026, 10, 26, 7, tzinfo=UTC), "2026-10-23T00:00:00+02:00", 73),  # a Monday; the clock went back
    ],
)
def test_a_business_day_is_counted_by_the_clock_of_the_shop(moment, since, hours):
    period = sales.last_business_day(moment, BERLIN)
    assert period.since.isoformat() == since
    assert period.until.astimezone(UTC) - period.since.astimezone(UTC) == timedelta(hours=hours)


def test_the_report_counts_what_was_ordered_in_the_period_and_nothing_else(data):
    orders = [
        ("a", 0, "tea", 2, "2026-03-23T22:59:59.999Z", None),
        ("b", 0, "tea", 3, "2026-03-23T23:00:00.000Z", None),
        ("b", 1, "bread", 1, "2026-03-24T22:59:59.999Z", "2026-03-25T08:00:00.000Z"),
        ("c", 0, "tea", 4, "2026-03-24T23:00:00.000Z", None),
    ]
    period = sales.last_business_day(datetime(2026, 3, 25, 7, tzinfo=UTC), BERLIN)
    with db.connect() as shop:
        shop.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", orders)
        page = sales.write(shop, period, db.folder("reports"))
    assert page.name == "sales-2026-03-24.md"
    assert "| tea | 3 | 12.60 |" in page.read_text()
    assert "| **all** | 4 | 16.50 |" in page.read_text()
    assert (data / "reports/sales-2026-03-24.csv").read_text() == "product,sold,cents\nbread,1,390\ntea,3,1260\n"


def test_writing_a_report_twice_leaves_one():
    period = sales.today(datetime(2026, 3, 25, 7, tzinfo=UTC), BERLIN)
    with db.connect() as shop:
        first = sales.write(shop, period, db.folder("reports")).read_text()
        second = sales.write(shop, period, db.folder("reports")).read_text()
    assert first == second
    assert sorted(path.name for path in db.folder("reports").iterdir()) == ["sales-today.csv", "sales-today.md"]
