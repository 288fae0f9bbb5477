"""The nightly copy of the shop's database."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest

from examples.shop import db
from examples.shop.backup import back_up

DAY = date(2026, 3, 29)


def stocked(path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(path)) as shop:
        return shop.execute("SELECT name, stock FROM products ORDER BY name").fetchall()


def test_the_copy_holds_what_the_shop_holds(data):
    with db.connect() as shop:
        shop.execute("UPDATE products SET stock = 7 WHERE name = 'tea'")
    copy = back_up(data / "shop.db", db.folder("backups"), DAY, keep=7)
    assert copy.name == "shop-2026-03-29.db"
    assert stocked(copy) == stocked(data / "shop.db")
    assert ("tea", 7) in stocked(copy)


def test_only_the_newest_are_kept(data):
    with db.connect():
        pass
    for age in range(4):
        back_up(data / "shop.db", db.folder("backups"), DAY + timedelta(days=age), keep=2)
    assert sorted(path.name for path in (data / "backups").iterdir()) == ["shop-2026-03-31.db", "shop-2026-04-01.db"]


def test_a_second_backup_of_a_day_takes_the_place_of_the_first_even_after_a_killed_one(data):
    with db.connect():
        pass
    target = db.folder("backups")
    back_up(data / "shop.db", target, DAY, keep=7)
    (target / "shop-2026-03-29.part").write_bytes(b"half a file")
    copy = back_up(data / "shop.db", target, DAY, keep=7)
    assert list(target.iterdir()) == [copy]
    assert stocked(copy)


def test_a_damaged_database_leaves_the_former_copy(data):
    with db.connect():
        pass
    source = data / "shop.db"
    copy = back_up(source, db.folder("backups"), DAY, keep=7)
    sound = copy.read_bytes()
    whole = bytearray(source.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    source.write_bytes(whole)
    with pytest.raises((OSError, sqlite3.DatabaseError)):
        back_up(source, db.folder("backups"), DAY, keep=7)
    assert copy.read_bytes() == sound
