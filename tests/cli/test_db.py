import sqlite3

import pytest

from beatd.cli import db
from beatd.config.settings import Settings
from beatd.errors import StoreError
from beatd.sqlkit import migrate
from beatd.sqlkit.migrate import head


def test_upgrade_makes_the_tables_once(run, tmp_path):
    where = str(tmp_path / "beatd.db")
    assert run("db", "upgrade", "--json").json == {"database": where, "schema": head(), "changed": True}
    assert run("db", "upgrade").out == f"{where}: is already at schema {head()}\n"
    assert run("db", "upgrade", "--json").json["changed"] is False


def test_check_tells_whether_the_database_is_sound(run, tmp_path):
    run("db", "upgrade")
    assert run("db", "check").out == f"{tmp_path}/beatd.db: sound\n"
    assert run("db", "check", "--json").json == {"database": f"{tmp_path}/beatd.db", "ok": True, "problems": []}


def test_a_backup_is_a_database_of_its_own(run, tmp_path):
    run("db", "upgrade")
    assert run("db", "backup", "copy.db").out == f"{tmp_path}/beatd.db: copied to copy.db\n"
    assert run("db", "check", "-b", "sqlite:///copy.db").code == 0
    ended = run("db", "backup", "copy.db", "--json")
    assert (ended.code, ended.err) == (1, "error: copy.db is there already; name a new file\n")


def test_what_only_reads_never_makes_a_database(run, tmp_path):
    for words in (
        ["db", "check"],
        ["db", "backup", "x.db"],
        ["runs"],
        ["list"],
        ["status"],
        ["show", "x"],
        ["result", "x"],
    ):
        ended = run(*words)
        assert (ended.code, ended.err) == (
            1,
            f"error: no database at {tmp_path}/beatd.db; `beatd db upgrade` makes it\n",
        )
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_is_no_database_is_told(run, write, tmp_path):
    write("beatd.db", "this is no database, whatever its name says" * 100)
    ended = run("db", "check")
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert f"{tmp_path}/beatd.db" in ended.err


def test_a_broker_in_memory_is_of_no_use_to_a_command(run):
    ended = run("runs", "-b", "memory://")
    assert (ended.code, ended.err) == (
        2,
        "error: command line: memory:// is seen by its own process only; it is for tests; name a file: sqlite:///beatd.db\n",
    )


def test_a_redis_server_has_no_tables_to_look_after(run):
    for words in (["upgrade"], ["check"], ["backup", "x.db"]):
        ended = run("db", *words, "-b", "redis://:s3cret@localhost")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("error: redis://:***@localhost has no tables: ")


def test_the_sql_is_printed_and_nothing_done(run, tmp_path):
    run("db", "upgrade")
    assert run("db", "upgrade", "--sql").out == f"-- {tmp_path}/beatd.db: nothing to do\n\n"
    with sqlite3.connect(tmp_path / "beatd.db") as connection:
        connection.execute("DROP TABLE beatd_schema")
    connection.close()
    printed = run("db", "upgrade", "--sql").out
    assert printed.startswith(f"-- {tmp_path}/beatd.db: to schema {head()}\nBEGIN IMMEDIATE;\n")
    assert "CREATE TRIGGER beatd_schedules_insert" in printed
    assert printed.endswith("COMMIT;\n\n")
    assert run("db", "upgrade", "--sql", "--json").json["sql"] in printed
    assert run("db", "check").code == 1


def test_the_sql_for_a_database_that_is_not_there_is_not_printed(run, tmp_path):
    ended = run("db", "upgrade", "--sql")
    assert (ended.code, ended.err) == (1, f"error: no database at {tmp_path}/beatd.db; `beatd db upgrade` makes it\n")


def test_every_database_that_the_settings_name_is_looked_after_once(tmp_path):
    def named(broker, *schedule):
        with db._opened(Settings(broker=broker, schedule=schedule), create=True) as databases:
            return [database.place for database in databases]

    a, b = (f"sqlite:///{tmp_path}/{name}.db" for name in "ab")
    paths = [f"{tmp_path}/a.db", f"{tmp_path}/b.db"]
    assert named(a, "beatd.toml", b, b, a, "celery:proj.app") == paths
    assert named("redis://localhost", "beatd.toml", b) == paths[1:]
    with pytest.raises(StoreError, match="has no tables: "):
        named("redis://localhost", "beatd.toml")


def test_each_database_has_a_line(tmp_path, capsys):
    settings = Settings(broker="redis://x", schedule=tuple(f"sqlite:///{tmp_path}/{name}.db" for name in "ab"))
    with db._opened(settings, create=True) as databases:
        for database in databases:
            db._upgrade(database, as_json=False)
            assert db._check(database, as_json=False)
            assert migrate.current(database) == head()
    lines = [f"{tmp_path}/{name}.db: {told}" for name in "ab" for told in (f"brought to schema {head()}", "sound")]
    assert capsys.readouterr().out.splitlines() == lines
