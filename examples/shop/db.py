"""The shop's database: where it is, its tables, and its clock."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS products (
    name TEXT PRIMARY KEY,
    cents INTEGER NOT NULL CHECK (cents > 0),
    stock INTEGER NOT NULL CHECK (stock >= 0)
) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    request TEXT NOT NULL,
    line INTEGER NOT NULL,
    product TEXT NOT NULL REFERENCES products (name),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    ordered_at TEXT NOT NULL,
    shipped_at TEXT,
    PRIMARY KEY (request, line)
) STRICT;
CREATE INDEX IF NOT EXISTS orders_open ON orders (ordered_at) WHERE shipped_at IS NULL;
CREATE TABLE IF NOT EXISTS heartbeats (
    request TEXT PRIMARY KEY,
    beat_at TEXT NOT NULL,
    open_orders INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS heartbeats_by_time ON heartbeats (beat_at);
CREATE TABLE IF NOT EXISTS switches (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('on', 'off')),
    as_of TEXT NOT NULL
) STRICT;
INSERT OR IGNORE INTO products VALUES
    ('apples', 249, 60), ('bread', 390, 40), ('coffee', 899, 25), ('honey', 650, 12), ('tea', 420, 30);
PRAGMA user_version = 1;
"""


def folder(*parts: str) -> Path:
    """Return a folder of the shop's data, made if it is not there: below $STATE_DIRECTORY (systemd) or ./var."""
    path = Path(os.environ.get("STATE_DIRECTORY", "var"), *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


OPEN_ORDERS = """
SELECT request, line, product, quantity FROM orders WHERE shipped_at IS NULL ORDER BY ordered_at, request, line LIMIT ?
"""
TAKE_STOCK = """
UPDATE products SET stock = stock - :quantity WHERE name = :product AND stock >= :quantity
"""
# The newest fire time wins, in whatever order the messages are run.
SET_SWITCH = """
INSERT INTO switches VALUES (:name, :state, :as_of)
ON CONFLICT (name) DO UPDATE SET state = excluded.state, as_of = excluded.as_of WHERE excluded.as_of > switches.as_of
"""
PRUNE = {
    "heartbeats": """
DELETE FROM heartbeats WHERE request IN (SELECT request FROM heartbeats WHERE beat_at < :before LIMIT :batch)
""",
    "orders": """
DELETE FROM orders WHERE (request, line) IN
    (SELECT request, line FROM orders WHERE shipped_at < :before LIMIT :batch)
""",
}


@contextmanager
def connect() -> Iterator[sqlite3.Connection]:
    """Open the database for one transaction: committed on the way out, rolled back if the task failed."""
    with closing(sqlite3.connect(folder() / "shop.db", timeout=10, isolation_level=None)) as connection:
        # Worker processes share the file. IMMEDIATE waits for the others before anything is read, so that what is
        # read still holds when it is written.
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            if connection.execute("PRAGMA user_version").fetchone() == (0,):
                for statement in TABLES.split(";"):
                    connection.execute(statement)
            yield connection


def text(moment: datetime) -> str:
    """Return a moment as the tables hold it: UTC, to the millisecond, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def now(shop: sqlite3.Connection) -> datetime:
    """Return the moment by the database's clock."""
    return datetime.fromisoformat(shop.execute("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')").fetchone()[0])
