"""`ScheduleStore` on databases and files."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import beatd
from beatd import ScheduleStore
from beatd.errors import (
    EntryConflictError,
    EntryExistsError,
    InvalidEntryError,
    StoreError,
    UnknownEntryError,
)
from tests.servers.places import place_for_entries

NAMES = ["a.b", "o'neill", 'say "hi"', "x; DROP TABLE beatd_schedules; --", "näch tlich", "100%", "what?", "%s", "{0}"]


@pytest.fixture(params=["sqlite", "postgresql", "toml"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from place_for_entries(request.param, tmp_path)


@pytest.fixture
def store(target: str) -> Iterator[ScheduleStore]:
    with ScheduleStore(target) as made:
        yield made


def names(rows):
    return [row.name for row in rows]


def test_what_is_added_is_read_as_it_is_written(store):
    given = {
        "exclude": ["* 0-7 * * *", beatd.crontab("0 12 * * *")],
        "timezone": "Europe/Berlin",
        "args": (1, "zwei", [True]),
        "kwargs": {"ü": [1.5, {"deep": True}]},
        "queue": "slow",
        "priority": 9,
        "headers": {"tenant": 3},
        "expires": 90,
        "time_limit": timedelta(minutes=2),
        "soft_time_limit": "1m",
        "enabled": False,
        "starts_at": datetime(2026, 1, 1, 8),  # noqa: DTZ001  of the entry's zone
        "ends_at": datetime(2030, 1, 1, tzinfo=UTC),
        "max_runs": 10,
        "misfire": "all",
        "grace": "2d",
        "catch_up_limit": 5,
        "overlap": "skip",
        "overlap_timeout": 3600.5,
        "pause_after_failures": 3,
        "jitter": "5s",
        "gap": "skip",
        "fold": "both",
        "business_days": "next",
        "description": "a\nlong one",
        "tags": ["a", "b"],
    }
    row = store.add("nightly", "shop.report", [timedelta(hours=1), "0 8 * * mon-fri"], **given)
    assert row == store.get("nightly")
    assert row.fields() == {
        **given,
        "task": "shop.report",
        "schedule": "every 1h | 0 8 * * mon-fri",
        "exclude": "* 0-7 * * * | 0 12 * * *",
        "args": [1, "zwei", [True]],
        "expires": "1m30s",
        "time_limit": "2m",
        "overlap_timeout": "1h500ms",
        "starts_at": "2026-01-01T08:00:00",
        "ends_at": "2030-01-01T00:00:00+00:00",
    }
    assert row.version
    assert (row.last_fire_at, row.run_count, row.error) == (None, 0, None)
    if store.name.endswith(".toml"):
        assert row.changed_at is None
    else:
        assert (row.changed_at.tzinfo, row.next_fire_at) == (UTC, None)


@pytest.mark.parametrize("name", NAMES)
def test_any_printable_name_is_a_name(store, name):
    store.add(name, "shop.add", "every 5m", description=name, kwargs={name: name}, tags=[name])
    assert store.get(name).description == name
    assert names(store.find(tag=name)) == [name]
    store.update(name, description=None)
    assert store.remove(name).kwargs == {name: name}
    assert names(store.find()) == []


def test_an_update_changes_what_it_names_and_none_is_the_default(store):
    before = store.add("x", "shop.add", "every 5m", queue="slow", priority=3)
    after = store.update("x", queue=None, grace=timedelta(hours=2), enabled=False)
    assert after.fields() == {
        "task": "shop.add",
        "schedule": "every 5m",
        "priority": 3,
        "grace": "2h",
        "enabled": False,
    }
    assert after.version != before.version
    assert store.update("x", enabled=None).enabled is True


def test_an_update_that_changes_nothing_makes_no_version(store):
    row = store.add("x", "shop.add", "every 5m", queue="slow")
    assert store.update("x", queue="slow").version == row.version
    assert store.update("x").version == row.version


@pytest.mark.parametrize("as_read", [lambda row: row, lambda row: row.changed_at, lambda row: row.version])
def test_who_comes_second_is_told_what_differs(store, target, as_read):
    row = store.add("x", "shop.add", "every 5m", queue="slow")
    if as_read(row) is None:
        pytest.skip("a file does not know when an entry was changed")
    with ScheduleStore(target) as other:
        other.update("x", expected=as_read(row), queue="fast")
    with pytest.raises(EntryConflictError, match="entry 'x' was changed meanwhile") as caught:
        store.update("x", expected=as_read(row), queue="mine")
    if as_read(row) is row:
        assert caught.value.differs == {"queue": ("slow", "fast")}
        assert "queue was 'slow' and is 'fast'" in str(caught.value)
    with pytest.raises(EntryConflictError):
        store.remove("x", expected=as_read(row))
    assert store.get("x").queue == "fast"
    store.remove("x")
    with pytest.raises(EntryConflictError, match="was removed"):
        store.update("x", expected=as_read(row), queue="mine")


def test_a_name_that_is_taken_and_one_that_is_not_there(store):
    store.add("nightly", "shop.add", "every 5m")
    with pytest.raises(EntryExistsError, match=r"an entry named 'nightly' is in .* already"):
        store.add("nightly", "shop.add", "every 5m")
    for call in (store.get, store.update, store.remove):
        with pytest.raises(UnknownEntryError, match=r"no entry named 'nigtly' in .*; did you mean 'nightly'"):
            call("nigtly")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("schedule", "every monday", "bad schedule 'every monday'"),
        ("schedule", 5, "must be text such as"),
        ("schedule", [], "got an empty list"),
        ("task", "", "must be a name"),
        ("task", 5, "must be text"),
        ("exclude", "calendar de", "calendar"),
        ("timezone", "Berlin", "unknown time zone"),
        ("args", "ab", "must be a list"),
        ("args", [object()], "is of type object"),
        ("args", ["\0"], "NUL"),
        ("kwargs", [1], "must be a table"),
        ("kwargs", {"a": {1}}, "is of type set"),
        ("kwargs", {"a": "\ud800"}, "surrogate"),
        ("queue", "a\nb", "must be a name"),
        ("priority", 10, "from 0 to 9"),
        ("priority", 2**64, "whole number"),
        ("priority", True, "whole number"),
        ("headers", {"task": "x"}, "sets itself"),
        ("expires", -1, "not a duration"),
        ("expires", True, "must be a duration"),
        ("time_limit", "soon", "not a duration"),
        ("soft_time_limit", "0s", "above 0"),
        ("enabled", 1, "true or false"),
        ("starts_at", "tomorrow", "no moment"),
        ("ends_at", 5, "must be a moment"),
        ("max_runs", 0, "1 or more"),
        ("misfire", "newest", "must be 'latest' or"),
        ("grace", "1 day", "not a duration"),
        ("catch_up_limit", 0, "1 or more"),
        ("overlap", "no", "must be 'allow' or"),
        ("overlap_timeout", "x", "not a duration"),
        ("pause_after_failures", -1, "0 or more"),
        ("jitter", [], "must be a duration"),
        ("gap", "x", "must be 'shift' or"),
        ("fold", "x", "must be 'first' or"),
        ("business_days", "x", "must be 'next' or"),
        ("description", 5, "must be text"),
        ("description", "a\0b", "NUL"),
        ("tags", "a", "a list of texts"),
        ("tags", [1], "a list of texts"),
        ("quee", "x", "unknown field; did you mean 'queue'"),
        ("notify", "x", "not in this version"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(store, field, value, told):
    given = {"task": "shop.add", "schedule": "every 5m", field: value}
    with pytest.raises(InvalidEntryError, match=told) as caught:
        store.add("x", given.pop("task"), given.pop("schedule"), **given)
    assert caught.value.field.split(".")[0].split("[")[0] == field
    assert str(caught.value).startswith(f"schedules.x.{field}")
    store.add("x", "shop.add", "every 5m")
    with pytest.raises(InvalidEntryError, match=told):
        store.update("x", **{field: value})
    assert store.get("x").fields() == {"task": "shop.add", "schedule": "every 5m"}


@pytest.mark.parametrize("name", ["", "a\nb", "a\0b", 5, None, "x" * 201])
def test_a_wrong_name_is_refused(store, name):
    with pytest.raises(InvalidEntryError, match="name"):
        store.add(name, "shop.add", "every 5m")
    with pytest.raises(InvalidEntryError, match="name"):
        store.put({"name": name, "task": "shop.add", "schedule": "every 5m"})


def test_what_is_wrong_only_together_is_refused_with_what_is_there(store):
    store.add("x", "shop.add", "every 5m", soft_time_limit="1m")
    with pytest.raises(InvalidEntryError, match="must be longer than soft_time_limit"):
        store.update("x", time_limit="30s")


def test_a_required_field_has_no_default(store):
    store.add("x", "shop.add", "every 5m")
    with pytest.raises(InvalidEntryError, match="has no default"):
        store.update("x", schedule=None)
    with pytest.raises(InvalidEntryError, match="is missing"):
        store.put({"name": "y", "task": "shop.add"})


def test_without_the_check_a_wrong_entry_is_taken_as_by_an_insert(store):
    row = store.add("x", "shop.add", "every monday", timezone="Nowhere", check=False)
    assert (row.schedule, row.timezone) == ("every monday", "Nowhere")
    with pytest.raises(InvalidEntryError, match="unknown field"):
        store.update("x", check=False, quee="x")
    assert store.update("x", check=False, priority=99).priority == 99
    with pytest.raises(InvalidEntryError, match="from 0 to 9"):
        store.update("x", queue="slow")


def test_put_is_no_change_the_second_time(store):
    entry = {"name": "x", "task": "shop.add", "schedule": timedelta(minutes=5), "kwargs": {"b": 1.0, "a": [1]}}
    assert store.put(entry) == "added"
    assert store.put(entry) == "unchanged"
    assert store.put({**entry, "enabled": True}) == "unchanged"
    assert store.put({**entry, "queue": "slow"}) == "changed"
    assert store.put(entry) == "changed"
    assert store.get("x").queue is None
    assert store.put({**entry, "kwargs": {"b": 1, "a": [True]}}) == "changed"


def test_many_are_added_and_found_by_page(store):
    tagged = [{"name": f"m{number:05}", "task": f"t.{number % 3}", "schedule": "every 1h"} for number in range(1203)]
    tagged[7]["tags"] = ["rare"]
    assert store.add_many(tagged) == 1203
    assert len(names(store.find())) == 1203
    assert names(store.find()) == sorted(names(store.find()))
    assert len(names(store.find(task="t.1"))) == 401
    assert names(store.find(tag="rare")) == ["m00007"]
    assert names(store.find(limit=2, after="m00600")) == ["m00601", "m00602"]
    assert names(store.find(limit=0)) == []
    assert names(store.find(order="last")) == names(store.find(order="next")) == names(store.find())
    with pytest.raises(EntryExistsError, match="m00003"):
        store.add_many([{"name": "new", "task": "t", "schedule": "every 1h"}, tagged[3]])
    with pytest.raises(EntryExistsError, match="twice"):
        store.add_many([{"name": "twice", "task": "t", "schedule": "every 1h"}] * 2)
    with pytest.raises(UnknownEntryError):
        store.get("new")


def test_an_order_or_a_limit_that_is_none(store):
    with pytest.raises(ValueError, match="order='size': give 'name', 'next' or 'last'"):
        store.find(order="size")
    with pytest.raises(ValueError, match="limit=-1"):
        store.find(limit=-1)
    with pytest.raises(ValueError, match="not a duration"):
        store.find(due_within="soon")


def test_a_transaction_is_all_or_nothing(store):
    with pytest.raises(EntryExistsError), store.transaction():  # noqa: PT012  what came before it is undone
        store.put({"name": "x", "task": "t", "schedule": "every 1h"})
        store.add("x", "t", "every 1h")
    assert names(store.find()) == []
    with store.transaction(dry_run=True):
        assert store.put({"name": "x", "task": "t", "schedule": "every 1h"}) == "added"
        assert names(store.find()) == ["x"]
    assert names(store.find()) == []
    with store.transaction():
        store.add("x", "t", "every 1h")
    assert names(store.find()) == ["x"]


def test_entries_of_another_namespace_are_not_seen(store, target):
    if target.endswith(".toml"):
        pytest.skip("a file's entries are those of whoever names it")
    store.add("x", "t", "every 1h")
    with ScheduleStore(target, namespace="other") as other:
        assert names(other.find()) == []
        other.add("x", "t", "every 2h")
    assert store.get("x").schedule == "every 1h"


def test_a_database_that_is_not_there_is_made_only_where_that_is_asked_for(tmp_path):
    url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(StoreError, match="no database at"):
        names(ScheduleStore(url, create=False).find())
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("redis://localhost", "redis:// holds no table of entries"),
        ("mysql://localhost/x", "not in this version"),
        ("postgresql+psycopg://localhost/x", "write postgresql://"),
        ("sqlite://x.db", "names a host"),
        ("memory://", "holds no table"),
        ("celery:shop.app", "edited in its code"),
    ],
)
def test_a_target_that_holds_no_entries_is_refused(target, told):
    with pytest.raises(StoreError, match=told):
        ScheduleStore(target)


def test_a_password_is_not_shown():
    with pytest.raises(StoreError) as caught:
        ScheduleStore("mysql://me:s3cret@host/db")
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(ScheduleStore("postgresql://me:s3cret@127.0.0.1:1/db"))
