"""What the shop does by the clock.

A task may run again: its worker may die after the work and before the acknowledgement. So each one here can be repeated
without harm, because it writes what follows from its message (id, fire time), not from the moment at which it runs.
"""

import random
import sqlite3
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from beatd import periodic, task
from examples.shop import db, sales
from examples.shop.backup import back_up

BATCH = 500


@task(name="shop.place_orders", bind=True)
def place_orders(self: Any) -> str:
    """Let a few simulated customers order, so that there is something to report."""
    # Seeded with the message's id: a repeat of the message makes the same orders, which are there already.
    chance = random.Random(self.request.id)
    with db.connect() as shop:
        at = db.text(_moment(self, shop))
        products = [name for (name,) in shop.execute("SELECT name FROM products ORDER BY name")]
        lines = [
            (self.request.id, line, chance.choice(products), chance.randint(1, 4), at)
            for line in range(chance.randint(1, 3))
        ]
        shop.executemany("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, ?, NULL)", lines)
    return f"{len(lines)} lines ordered"


@task(name="shop.ship_orders", bind=True)
def ship_orders(self: Any, most: int = 20) -> str:
    """Ship the oldest open orders for which there is stock."""
    shipped = 0
    with db.connect() as shop:
        at = db.text(_moment(self, shop))
        for request, line, product, quantity in shop.execute(db.OPEN_ORDERS, (most,)).fetchall():
            if shop.execute(db.TAKE_STOCK, {"product": product, "quantity": quantity}).rowcount:
                shop.execute("UPDATE orders SET shipped_at = ? WHERE request = ? AND line = ?", (at, request, line))
                shipped += 1
    return f"{shipped} lines shipped"


@periodic("every 10s", misfire="skip", description="Declared in code: it joins the entries of the schedule file.")
@task(name="shop.restock")
def restock(low: int = 10, full: int = 60) -> str:
    """Fill up what runs low."""
    with db.connect() as shop:
        filled = shop.execute("UPDATE products SET stock = ? WHERE stock < ?", (full, low)).rowcount
    return f"{filled} products restocked"


@task(name="shop.heartbeat", bind=True)
def heartbeat(self: Any) -> str:
    """Note that the shop is alive, and how many order lines wait."""
    with db.connect() as shop:
        (waiting,) = shop.execute("SELECT count(*) FROM orders WHERE shipped_at IS NULL").fetchone()
        beat = (self.request.id, db.text(_moment(self, shop)), waiting)
        shop.execute("INSERT OR IGNORE INTO heartbeats VALUES (?, ?, ?)", beat)
    return f"{waiting} lines wait"


@task(name="shop.lights", bind=True)
def lights(self: Any, name: str, state: str) -> str:
    """Switch a light; of two messages the one of the later fire time wins."""
    with db.connect() as shop:
        as_of = db.text(_moment(self, shop))
        shop.execute(db.SET_SWITCH, {"name": name, "state": state, "as_of": as_of})
        ((now,),) = shop.execute("SELECT state FROM switches WHERE name = ?", (name,))
    return f"{name} is {now}"


@task(name="shop.report", bind=True)
def report(self: Any, zone: str = "UTC", period: str = "last_business_day") -> str:
    """Write the sales of the last business day, or of today so far, as CSV and Markdown."""
    with db.connect() as shop:
        choose = {"last_business_day": sales.last_business_day, "today": sales.today}[period]
        written = sales.write(shop, choose(_moment(self, shop), ZoneInfo(zone)), db.folder("reports"))
    return str(written)


@task(name="shop.backup", bind=True, max_retries=5, autoretry_for=(OSError, sqlite3.Error))
def backup(self: Any, keep: int = 7) -> str:
    """Copy the database to a dated file, check the copy, keep the newest few."""
    with db.connect() as shop:
        day = _moment(self, shop).date()
    return str(back_up(db.folder() / "shop.db", db.folder("backups"), day, keep=keep))


@task(name="shop.prune", bind=True, soft_time_limit=240)
def prune(self: Any, keep_heartbeats: int = 1, keep_orders: int = 400) -> str:
    """Delete heartbeats and shipped orders older than so many days."""
    with db.connect() as shop:
        at = _moment(self, shop)
    deleted = _prune("heartbeats", at - timedelta(days=keep_heartbeats))
    deleted += _prune("orders", at - timedelta(days=keep_orders))
    return f"{deleted} rows deleted"


def _prune(table: str, before: datetime) -> int:
    deleted = 0
    while True:
        # A transaction for each batch: the shop goes on writing in between.
        with db.connect() as shop:
            count = shop.execute(db.PRUNE[table], {"before": db.text(before), "batch": BATCH}).rowcount
        deleted += count
        if count < BATCH:
            return deleted


def _moment(self: Any, shop: sqlite3.Connection) -> datetime:
    """Return the fire time that the message stands for; a call by hand has none, and takes the present."""
    return self.request.fire_time or db.now(shop)
