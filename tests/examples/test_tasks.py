"""What the shop's tasks do, and that doing it twice does no harm."""

from datetime import UTC, datetime, timedelta

import pytest

from beatd.core.identity import message_id
from beatd.core.message import Delivery
from beatd.core.protocol import build_message
from beatd.core.registry import REGISTRY
from beatd.schedules.moments import to_us
from beatd.worker.call import read_call
from beatd.worker.context import context_of
from examples.shop import db, tasks

NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)


def run(task, fire_time=NOON, **kwargs):
    """Run a task as the worker does for the message of that fire."""
    moment = to_us(fire_time)
    identity = message_id("beatd", task.name, 1, moment)
    message = build_message(id=identity, task=task.name, kwargs=kwargs, entry=task.name, fire_time=moment)
    delivery = Delivery(message=message, attempt=1, owner="test", lease_until=moment)
    context = context_of(read_call(delivery, REGISTRY), lambda: moment)
    return task.registered.function(context, **kwargs)


def rows(statement):
    with db.connect() as shop:
        return shop.execute(statement).fetchall()


@pytest.mark.parametrize("task", [tasks.place_orders, tasks.heartbeat])
def test_a_repeated_message_adds_nothing(task):
    table = {"shop.place_orders": "orders", "shop.heartbeat": "heartbeats"}[task.name]
    run(task)
    once = rows(f"SELECT * FROM {table}")
    run(task)
    assert once
    assert rows(f"SELECT * FROM {table}") == once
    run(task, NOON + timedelta(seconds=5))
    assert len(rows(f"SELECT * FROM {table}")) > len(once)


def test_orders_are_shipped_oldest_first_while_there_is_stock():
    with db.connect() as shop:
        shop.execute("UPDATE products SET stock = 5 WHERE name = 'tea'")
        shop.executemany(
            "INSERT INTO orders VALUES (?, 0, 'tea', ?, ?, NULL)",
            [("a", 3, db.text(NOON)), ("b", 3, db.text(NOON + timedelta(1))), ("c", 2, db.text(NOON + timedelta(2)))],
        )
    assert run(tasks.ship_orders) == "2 lines shipped"
    assert rows("SELECT request FROM orders WHERE shipped_at IS NOT NULL ORDER BY request") == [("a",), ("c",)]
    assert rows("SELECT stock FROM products WHERE name = 'tea'") == [(0,)]
    assert run(tasks.ship_orders) == "0 lines shipped"


def test_what_runs_low_is_filled_up():
    with db.connect() as shop:
        shop.execute("UPDATE products SET stock = 9 WHERE name = 'tea'")
    assert tasks.restock() == "1 products restocked"
    assert rows("SELECT stock FROM products WHERE name = 'tea'") == [(60,)]
    assert "shop.restock" in REGISTRY.periodic


def test_the_light_obeys_the_later_fire_time_whatever_runs_last():
    run(tasks.lights, NOON + timedelta(hours=1), name="window", state="on")
    assert run(tasks.lights, NOON, name="window", state="off") == "window is on"
    assert run(tasks.lights, NOON + timedelta(hours=2), name="window", state="off") == "window is off"


def test_a_report_is_of_the_day_before_its_fire_time(data):
    run(tasks.place_orders, NOON)
    page = run(tasks.report, NOON + timedelta(days=1), zone="Europe/Berlin")
    assert page == str(data / "reports" / "sales-2026-03-25.md")
    assert "| **all** | 0 |" not in (data / "reports" / "sales-2026-03-25.md").read_text()


def test_a_backup_is_named_for_the_day_of_its_fire_time(data):
    assert run(tasks.backup, keep=7) == str(data / "backups" / "shop-2026-03-25.db")


def test_pruning_deletes_the_old_in_batches_and_leaves_the_rest(monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 10)
    with db.connect() as shop:
        beats = [(str(hours), db.text(NOON - timedelta(hours=hours))) for hours in range(48)]
        shop.executemany("INSERT INTO heartbeats VALUES (?, ?, 0)", beats)
        for name, days, shipped in (("old", 500, 499), ("open", 500, None), ("new", 2, 1)):
            at = None if shipped is None else db.text(NOON - timedelta(days=shipped))
            shop.execute(
                "INSERT INTO orders VALUES (?, 0, 'tea', 1, ?, ?)", (name, db.text(NOON - timedelta(days=days)), at)
            )
    assert run(tasks.prune) == "24 rows deleted"
    assert rows("SELECT count(*), max(beat_at) FROM heartbeats") == [(25, db.text(NOON))]
    assert rows("SELECT request FROM orders ORDER BY request") == [("new",), ("open",)]
