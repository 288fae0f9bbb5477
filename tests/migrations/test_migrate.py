"""The schema: made, upgraded, refused when newer."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from beatd.clock import SystemClock
from beatd.errors import StoreError
from beatd.sqlkit import migrate
from beatd.sqlkit.database import open_database
from beatd.stores.sql import SqlRecords
from tests.migrations.versions import make_tables


@pytest.fixture
def db(tmp_path):
    made = open_database(f"sqlite:///{tmp_path}/beatd.db")
    yield made
    made.close()


def _objects(db):
    with db.read() as connection:
        rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master WHERE name != 'beatd_schema'")
        return sorted((kind, name, " ".join((sql or "").split())) for kind, name, sql in rows)


def test_the_versions_listed_are_the_migrations_there_are():
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == migrate.VERSIONS
    assert scripts.get_current_head() == migrate.head()


def test_the_migrations_end_where_the_schema_stands(db):
    memory = open_database("memory://")
    assert [row for row in _objects(db) if "beatd_schema" not in row[1]] == _objects(memory)
    memory.close()


def test_a_new_file_is_migrated_at_first_use_and_only_then(db):
    assert migrate.current(db) is None
    assert migrate.upgrade(db)
    assert (migrate.current(db), migrate.upgrade(db), migrate.check(db)) == (migrate.head(), False, [])


def test_a_current_database_is_opened_without_alembic(db):
    migrate.upgrade(db)
    code = (
        "import sys; from beatd.sqlkit.database import open_database\n"
        f"with open_database('sqlite:///{db.path}').read() as c: c.exec_driver_sql('SELECT 1 FROM beatd_fires')\n"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout == "False\n"


def test_the_tables_of_others_in_the_same_file_are_left_alone(db):
    with db.bare(writing=True) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('theirs')")
    migrate.upgrade(db)
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").all() == [("theirs",)]


def _set_version(db, version, oldest="NULL"):
    migrate.upgrade(db)
    with db.write() as connection:
        connection.exec_driver_sql(f"UPDATE beatd_schema SET version_num = '{version}', oldest = {oldest}")
    db.close()


@pytest.mark.parametrize("oldest", ["NULL", "'9998'"])
def test_a_newer_schema_is_refused(db, oldest):
    _set_version(db, "9999", oldest)
    for create in (True, False):
        other = open_database(f"sqlite:///{db.path}", create=create)
        with (
            pytest.raises(StoreError, match=r"made by a newer beatd \(schema 9999, this one knows 0006\)"),
            other.read(),
        ):
            pass
        other.close()
    with pytest.raises(StoreError, match="newer beatd"):
        migrate.upgrade(db)
    assert "the schema is 9999" in migrate.check(db)[0]


def _at_version(db, version):
    """Make the tables as that version of the schema has them, with a namespace in them."""
    make_tables(db, version)
    with db.bare(writing=True) as connection:
        connection.exec_driver_sql(
            "INSERT INTO beatd_namespaces (namespace, id, since, tzdata, astral) VALUES ('n', 'i', 1, '2026.1', '3.2')"
        )


def test_the_first_schema_is_migrated_at_first_use_with_what_is_in_it(db):
    _at_version(db, "0001")
    with db.read() as connection:
        row = connection.exec_driver_sql("SELECT * FROM beatd_namespaces").one()
    assert (row.namespace, row.since, row.tzdata, row.dateutil, row.holidays) == ("n", 1, "2026.1", None, None)
    assert migrate.check(db) == []


def test_records_from_before_overlap_wait_for_nothing_and_code_from_before_it_goes_on_writing_them(db):
    _at_version(db, "0002")
    former = "INSERT INTO beatd_entries (namespace, name, seq, generation, version, fingerprint, since, cursor) "
    with db.bare(writing=True) as connection:
        connection.exec_driver_sql(former + "VALUES ('n', 'a', 1, 1, 1, 5, 0, 0)")
    records = SqlRecords(db, "n", SystemClock())
    (record,) = records.load().values()
    assert (record.seq, record.tracking) == (1, None)
    with db.write() as connection:
        connection.exec_driver_sql(former + "VALUES ('n', 'b', 2, 1, 1, 5, 0, 0)")
    assert records.load(["b"])["b"].tracking is None
    assert migrate.check(db) == []


def test_since_when_the_versions_in_force_rule_is_taken_from_the_records(db):
    _at_version(db, "0002")
    with db.bare(writing=True) as connection:
        for number in (1, 2):
            connection.exec_driver_sql(
                "INSERT INTO beatd_definitions (namespace, name, number, changed_at, fingerprint, source) "
                f"VALUES ('n', 'a', {number}, 5, 6, 'f')"
            )
        connection.exec_driver_sql(
            "INSERT INTO beatd_entries (namespace, name, seq, generation, version, fingerprint, since, cursor) "
            "VALUES ('n', 'a', 1, 3, 2, 6, 77, 99)"
        )
    with db.read() as connection:
        rows = connection.exec_driver_sql("SELECT number, generation, since FROM beatd_definitions ORDER BY 1").all()
    assert rows == [(1, None, None), (2, 3, 77)]


def test_a_reader_of_the_first_schema_is_told_how_to_migrate(db):
    _at_version(db, "0001")
    reader = open_database(f"sqlite:///{db.path}", create=False)
    with pytest.raises(StoreError, match="has the older schema 0001; run `beatd db upgrade`"), reader.read():
        pass
    reader.close()


def test_a_reader_does_not_migrate(db):
    with db.bare(writing=True) as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (x)")
    reader = open_database(f"sqlite:///{db.path}", create=False)
    with pytest.raises(StoreError, match="has no tables of beatd yet; `beatd db upgrade` makes them"), reader.read():
        pass
    assert "the schema is absent" in migrate.check(reader)[0]
    reader.close()


def test_a_backup_is_a_whole_database_of_mode_0600(db, tmp_path):
    with db.write() as connection:
        connection.exec_driver_sql("INSERT INTO beatd_leases (namespace, part) VALUES ('n', 1)")
    target = tmp_path / "copy.db"
    migrate.backup(db, target)
    assert target.stat().st_mode & 0o777 == 0o600
    copy = open_database(f"sqlite:///{target}", create=False)
    assert migrate.check(copy) == []
    with copy.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_leases").scalar() == 1
    copy.close()
    with pytest.raises(StoreError, match="is there already; name a new file"):
        migrate.backup(db, target)
    with pytest.raises(StoreError, match="cannot be made: No such file or directory"):
        migrate.backup(db, tmp_path / "absent" / "copy.db")
