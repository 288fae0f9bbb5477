"""`ScheduleStore` on a connection that the user has already: one transaction with what else they save."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import django
import psycopg
import pytest
import sqlalchemy as sa
from django.conf import settings
from django.db import connections, transaction
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from beatd import ScheduleStore
from beatd.errors import EntryConflictError, EntryExistsError, InvalidEntryError, StoreError
from tests.servers.places import place_for_entries


class Base(DeclarativeBase):
    pass


class Report(Base):
    __tablename__ = "shop_reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


class NoReportError(Exception):
    pass


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from place_for_entries(request.param, tmp_path)


@pytest.fixture
def beside(url: str) -> Iterator[ScheduleStore]:
    """A store with connections of its own, that sees what was committed."""
    with ScheduleStore(url) as store:
        assert [*store.find()] == []
        yield store


def schema_of(url: str) -> str | None:
    return parse_qs(urlsplit(url).query).get("schema", [None])[0]


@pytest.fixture
def engine(url: str, beside: ScheduleStore) -> Iterator[sa.Engine]:
    schema = schema_of(url)
    if schema is None:
        made = sa.create_engine(url)
    else:
        plain = url.partition("?")[0].replace("postgresql://", "postgresql+psycopg://")
        made = sa.create_engine(plain, connect_args={"options": f"-c search_path={schema}"})
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def django_connection(url: str, beside: ScheduleStore):
    if not settings.configured:
        settings.configure(DATABASES={}, INSTALLED_APPS=[], USE_TZ=True)
        django.setup()
    schema = schema_of(url)
    if schema is None:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    else:
        parts = urlsplit(url)
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username,
            "HOST": parts.hostname,
            "PORT": parts.port,
            "OPTIONS": {"options": f"-c search_path={schema}"},
        }
    connections.databases["shop"] = connections.configure_settings({"default": {}, "shop": database})["shop"]
    yield connections["shop"]
    connections["shop"].close()
    del connections["shop"]
    del connections.databases["shop"]


def exercise(store: ScheduleStore) -> None:
    """Do all there is, with values of every type."""
    given = {"tags": ["a"], "kwargs": {"%s": "100%"}, "enabled": False, "priority": 3, "grace": 90}
    row = store.add("x?", "shop.add", "every 1h", **given)
    assert (row.kwargs, row.enabled, row.tags) == ({"%s": "100%"}, False, ["a"])
    assert store.update("x?", expected=row, queue="slow").queue == "slow"
    with pytest.raises(EntryConflictError, match="queue was None and is 'slow'"):
        store.remove("x?", expected=row)
    with pytest.raises(EntryExistsError):
        store.add("x?", "shop.add", "every 1h")
    with pytest.raises(InvalidEntryError):
        store.add("y", "shop.add", "every monday")
    # None of these has spoilt the transaction.
    assert store.put({"name": "x?", "task": "shop.add", "schedule": "every 1h"}) == "changed"
    assert store.add_many({"name": f"m{number}", "task": "t", "schedule": "every 1h"} for number in range(700)) == 700
    assert len([*store.find(task="t", enabled=True)]) == 700
    for order in ("next", "last"):
        assert len([*store.find(task="t", order=order, after="m3", due_within=None)]) < 700
    assert [*store.find(tag="a", errors=True, due_within="1h")] == []
    assert store.remove("m7").task == "t"


def test_an_entry_and_a_row_of_the_users_own_are_one_transaction(engine, beside):
    with Session(engine) as session:
        session.add(Report(title="sales"))
        ScheduleStore(connection=session.connection()).add("sales", "shop.report", "0 8 * * mon-fri")
        session.rollback()
    assert [*beside.find()] == []
    with Session(engine) as session:
        assert session.query(Report).count() == 0
        session.add(Report(title="sales"))
        ScheduleStore(connection=session.connection()).add("sales", "shop.report", "0 8 * * mon-fri")
        session.commit()
    assert beside.get("sales").task == "shop.report"


def test_all_can_be_done_on_a_session(engine, beside):
    with Session(engine) as session:
        exercise(ScheduleStore(connection=session.connection()))
        session.commit()
    assert len([*beside.find()]) == 700


def test_a_transaction_of_django_is_rolled_back_with_the_entry(django_connection, beside):
    def saved():
        with transaction.atomic(using="shop"):
            ScheduleStore(connection=django_connection).add("sales", "shop.report", "0 8 * * mon-fri")
            raise NoReportError

    with pytest.raises(NoReportError):
        saved()
    assert [*beside.find()] == []
    with transaction.atomic(using="shop"):
        ScheduleStore(connection=django_connection).add("sales", "shop.report", "0 8 * * mon-fri")
        assert [*beside.find()] == []
    assert beside.get("sales").task == "shop.report"


def test_all_can_be_done_in_django(django_connection, beside):
    with transaction.atomic(using="shop"):
        exercise(ScheduleStore(connection=django_connection))
    assert len([*beside.find()]) == 700


def test_all_can_be_done_on_a_drivers_own_connection(url, beside):
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        given = {"connection": connection}
    else:
        connection = psycopg.connect(url.partition("?")[0])
        given = {"connection": connection, "schema": schema_of(url)}
    exercise(ScheduleStore(**given))
    connection.rollback()
    assert [*beside.find()] == []
    ScheduleStore(**given).add("x", "t", "every 1h")
    connection.commit()
    connection.close()
    assert beside.get("x").task == "t"


def test_calendars_of_the_same_transaction_can_be_named(engine):
    with Session(engine) as session:
        connection = session.connection()
        closed = '\'["sat", "sun"]\''
        connection.exec_driver_sql(f"INSERT INTO beatd_calendars (name, closed) VALUES ('shop', {closed})")
        store = ScheduleStore(connection=connection)
        assert store.add("x", "t", "every 1h", exclude="calendar shop").exclude == "calendar shop"
        with pytest.raises(InvalidEntryError, match="exclude"):
            store.add("y", "t", "every 1h", exclude="calendar none")


def test_a_transaction_of_the_users_own_is_not_undone_for_them(engine):
    with Session(engine) as session:
        store = ScheduleStore(connection=session.connection())

        def tried():
            with store.transaction(dry_run=True):
                pass

        with pytest.raises(StoreError, match="roll it back yourself"):
            tried()
        with store.transaction():
            store.add("x", "t", "every 1h")
        session.rollback()


def test_what_is_no_connection_is_refused_with_what_is(engine):
    with Session(engine) as session, pytest.raises(TypeError, match=r"give session\.connection\(\)"):
        ScheduleStore(connection=session)
    for wrong in (object(), 5, engine):
        with pytest.raises(TypeError, match="cannot be used"):
            ScheduleStore(connection=wrong)
    with pytest.raises(TypeError, match="one of them"):
        ScheduleStore()
    with pytest.raises(TypeError, match="one of them"):
        ScheduleStore("x.toml", connection=object())
    with pytest.raises(TypeError, match="a URL names its own"):
        ScheduleStore("x.toml", schema="beatd")
    with pytest.raises(StoreError, match="oracle is no database"):
        ScheduleStore(connection=Oracle())


class Oracle:
    vendor = "oracle"

    def cursor(self):
        raise AssertionError


def test_a_schema_is_a_name_and_nothing_else(tmp_path):
    with sqlite3.connect(tmp_path / "x.db") as connection, pytest.raises(StoreError, match="schema"):
        ScheduleStore(connection=connection, schema='a"; DROP TABLE x; --')
