"""Tables that are not as they should be: absent, older, newer, damaged, in another zone."""

import sqlite3
from contextlib import closing

import pytest

from beatd.app.importing.django_celery_beat import read_django_celery_beat
from beatd.app.importing.django_schedules import Settings
from beatd.errors import StoreError
from beatd.stores.django_celery_beat import read_tables
from tests.app.importing.djangoside import Site
from tests.servers.postgresql import postgres_schema

ROWS = """
task("cron", crontab=cron("30 2 * * *", "Europe/Berlin"), expire_seconds=60)
task("interval", interval=IntervalSchedule.objects.create(every=10, period="minutes"),
     start_time=datetime(2026, 7, 1, 8, 0, tzinfo=UTC if %s else None))
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("odd"))
    made.run(ROWS % "True")
    return made.folder / "db.sqlite3"


@pytest.fixture
def damaged(template, tmp_path):
    """Return what is read once these statements were run on a copy of good tables."""
    path = tmp_path / "copy.sqlite3"
    path.write_bytes(template.read_bytes())

    def run(*statements, **settings):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                connection.execute(statement)
        return read_django_celery_beat(read_tables(f"sqlite:///{path}"), Settings(**settings))

    return run


def one(found, name):
    return next(entry for entry in found.entries if entry.name == name).fields


def test_good_tables_are_nothing_odd(damaged):
    found = damaged()
    assert {entry.name for entry in found.entries} == {"cron", "interval"}
    assert found.left_out == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE django_celery_beat_periodictask SET crontab_id = 99 WHERE name = 'cron'",
            "schedule: django_celery_beat_crontabschedule has no row 99, at which crontab_id points",
        ),
        (
            "UPDATE django_celery_beat_periodictask SET crontab_id = NULL WHERE name = 'cron'",
            "schedule: the row has none: interval_id, crontab_id, solar_id and clocked_id are NULL",
        ),
        ("UPDATE django_celery_beat_periodictask SET kwargs = '{a}'", "kwargs: is not valid JSON"),
        ("UPDATE django_celery_beat_periodictask SET headers = '[1]'", "headers: must be an object in JSON, got '[1]'"),
        ("UPDATE django_celery_beat_periodictask SET kwargs = '{\"a\": NaN}'", "kwargs.a"),
        (f"UPDATE django_celery_beat_periodictask SET args = '{'[' * 90_000}'", "args: is not valid JSON"),
        ("UPDATE django_celery_beat_periodictask SET priority = -1", "priority: must be a whole number of 0 or more"),
        ("UPDATE django_celery_beat_periodictask SET expire_seconds = -5", "expires: "),
        ("UPDATE django_celery_beat_periodictask SET start_time = 'soon'", "start_time: must be a moment, got 'soon'"),
        ("UPDATE django_celery_beat_periodictask SET start_time = 12", "start_time: must be a moment, got 12"),
        ("UPDATE django_celery_beat_periodictask SET name = name || char(10)", "name: a name has 1 to 200 printable"),
        ("UPDATE django_celery_beat_periodictask SET task = ''", "task: must be a name"),
        ("UPDATE django_celery_beat_crontabschedule SET timezone = 'Mars/Base'", "unknown time zone 'Mars/Base'"),
        ("UPDATE django_celery_beat_crontabschedule SET minute = '77'", "minute: Celery cannot read '77'"),
        ("UPDATE django_celery_beat_intervalschedule SET every = 0", "an interval of 0 minutes; it must be 1 or more"),
        ("UPDATE django_celery_beat_intervalschedule SET every = 1 << 60", "schedule: "),
        ("UPDATE django_celery_beat_intervalschedule SET period = 'weeks'", "an interval of 'weeks'; known are days"),
    ],
)
def test_a_row_that_cannot_be_read_is_left_out_with_the_reason(damaged, statement, said):
    found = damaged(statement)
    assert any(said in left.reason and left.wrong for left in found.left_out), found.left_out
    assert len(found.left_out) + len(found.entries) == 2


def test_in_a_row_with_several_schedules_the_first_counts(damaged):
    found = damaged("UPDATE django_celery_beat_periodictask SET interval_id = 1 WHERE name = 'cron'")
    assert one(found, "cron")["schedule"] == "every 10m"
    assert "has interval and crontab: django-celery-beat goes by the interval" in next(iter(found.entries)).notes[0]


def test_columns_of_later_versions_may_be_absent_and_are_told(damaged):
    found = damaged(
        "ALTER TABLE django_celery_beat_periodictask DROP COLUMN expire_seconds",
        "ALTER TABLE django_celery_beat_crontabschedule DROP COLUMN timezone",
        timezone="Asia/Tokyo",
    )
    assert "expires" not in one(found, "cron")
    assert one(found, "cron")["timezone"] == "Asia/Tokyo"
    assert found.notes[:2] == [
        "django_celery_beat_periodictask has no expire_seconds, as in an older version: read as not given",
        "django_celery_beat_crontabschedule has no timezone, as in an older version: read as not given",
    ]


def test_a_project_that_looks_past_the_zones_of_its_rows_is_read_in_the_one_that_is_named(damaged):
    # The models give Celery a crontab without a zone where DJANGO_CELERY_BEAT_TZ_AWARE is False.
    found = damaged(
        "UPDATE django_celery_beat_crontabschedule SET timezone = 'Asia/Tokyo'",
        timezone="America/New_York",
        rows_have_zones=False,
    )
    assert one(found, "cron")["timezone"] == "America/New_York"


def test_columns_that_are_not_known_are_told(damaged):
    found = damaged("ALTER TABLE django_celery_beat_periodictask ADD COLUMN jitter INTEGER")
    assert found.notes[0] == "django_celery_beat_periodictask has jitter, which this version does not know: left out"


def test_a_table_of_schedules_may_be_absent(damaged):
    found = damaged("DROP TABLE django_celery_beat_clockedschedule")
    assert "there is no table django_celery_beat_clockedschedule" in found.notes
    assert len(found.entries) == 2


def test_tables_of_the_same_name_that_are_something_else_are_refused(damaged):
    with pytest.raises(StoreError, match=r"periodictask has no task, so it is not django-celery-beat's"):
        damaged("ALTER TABLE django_celery_beat_periodictask RENAME COLUMN task TO work")


def test_a_database_without_the_tables_is_refused(tmp_path):
    path = tmp_path / "empty.sqlite3"
    sqlite3.connect(path).execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(StoreError, match=r"has no table django_celery_beat_periodictask; run `manage.py migrate"):
        read_tables(f"sqlite:///{path}")
    with postgres_schema() as url, pytest.raises(StoreError, match=r"in this schema; \?schema=NAME names another"):
        read_tables(url)


def test_what_is_no_database_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "text").write_text("not a database, but long enough to be one" * 100)
    with pytest.raises(StoreError, match="cannot be read: file is not a database"):
        read_tables(f"sqlite:///{tmp_path}/text")
    with pytest.raises(StoreError, match="there is no file"):
        read_tables(f"sqlite:///{tmp_path}/absent")
    assert not (tmp_path / "absent").exists()
    with pytest.raises(StoreError, match="redis:// cannot be read in this version"):
        read_tables("redis://127.0.0.1/0")
    with pytest.raises(StoreError, match="cannot be read") as raised:
        read_tables("postgresql://ann:s3cret@127.0.0.1:1/x")
    assert "s3cret" not in str(raised.value)


def test_a_database_that_another_writes_to_is_read(template, tmp_path):
    path = tmp_path / "copy.sqlite3"
    path.write_bytes(template.read_bytes())
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM django_celery_beat_periodictask")
    assert len(read_tables(f"sqlite:///{path}").tasks) == 2
    writer.execute("COMMIT")
    assert read_tables(f"sqlite:///{path}").tasks == []
    writer.close()


@pytest.mark.parametrize(
    ("naive", "wanted"), [("Europe/Berlin", "2026-07-01T06:00:00Z"), ("UTC", "2026-07-01T08:00:00Z")]
)
def test_moments_without_a_zone_are_read_in_the_one_that_is_named(tmp_path, naive, wanted):
    site = Site(tmp_path, use_tz=False, time_zone="Europe/Berlin")
    site.run(ROWS % "False")
    found = read_django_celery_beat(read_tables(site.url), Settings(naive=naive))
    assert one(found, "interval")["starts_at"] == wanted
