"""The id of the state beside the rows of a namespace, where the state is in another database."""

from contextlib import closing

import pytest
import redis

from beatd.config.settings import Settings
from beatd.errors import DefinitionError, StoreError
from beatd.sqlkit.database import open_database
from beatd.stores.rows import KnownState
from beatd.wiring.drivers import open_state
from beatd.wiring.installation import check_installation, init_state, state_view
from tests.servers.postgresql import postgres_schema


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


@pytest.fixture
def table():
    with postgres_schema() as url:
        make_tables(url)
        yield url


@pytest.fixture
def settings(redis_server, table) -> Settings:
    return Settings(broker=redis_server.url, schedule=(table,))


def make_tables(url: str) -> None:
    with closing(open_database(url)) as database, database.write():
        pass


def flush(settings: Settings) -> None:
    with redis.Redis.from_url(settings.broker) as server:
        server.flushdb()


def start(settings: Settings) -> str:
    """Do what `beatd run` does before it starts anything; return the id of the state."""
    with closing(open_state(settings)) as state:
        installation = state.definitions.install()
    check_installation(settings, installation)
    return installation.id


def kept(url: str) -> dict[str, str]:
    with closing(open_database(url, create=False)) as database, database.read() as connection:
        return dict(connection.exec_driver_sql("SELECT namespace, id FROM beatd_installations").all())


def refused(settings: Settings) -> str:
    with pytest.raises(StoreError) as caught:
        start(settings)
    return str(caught.value)


def test_the_id_is_kept_with_the_first_start_and_shown(settings, table) -> None:
    state_id = start(settings)
    assert kept(table) == {"beatd": state_id}
    assert start(settings) == state_id
    view = state_view(settings)
    assert (list(view.kept.values()), view.problems) == ([state_id], ())
    (where,) = view.kept
    assert where.startswith("postgresql://")


def test_a_state_that_was_flushed_is_refused_until_it_is_said_how_to_go_on(settings, table) -> None:
    known = start(settings)
    flush(settings)
    said = refused(settings)
    for word in (known, "postgresql://", "nothing is fired", "`beatd state init --from now|TIME`"):
        assert word in said
    assert kept(table) == {"beatd": known}
    assert known in state_view(settings).problems[0]
    made = init_state(settings, 1_800_000_000_000_000, known=(), forced=False)
    assert kept(table) == {"beatd": made.id}
    assert start(settings) == made.id
    assert state_view(settings).problems == ()
    with pytest.raises(StoreError, match="in order"):
        init_state(settings, 1_800_000_000_000_000, known=(), forced=False)


def test_an_operator_without_the_tables_names_the_id_that_the_alarm_tells(settings, table) -> None:
    known = start(settings)
    flush(settings)
    assert known in refused(settings)
    made = init_state(Settings(broker=settings.broker), 0, known=(known,), forced=False)
    assert kept(table) == {"beatd": known}
    assert start(settings) == made.id
    assert kept(table) == {"beatd": made.id}


def test_a_copy_with_a_state_of_its_own_is_refused_until_it_is_told_to_go_on_and_the_first_stays(
    settings, table, tmp_path
) -> None:
    known = start(settings)
    with postgres_schema() as copy:
        make_tables(copy)
        with closing(open_database(copy)) as database, database.write() as connection:
            connection.exec_driver_sql(f"INSERT INTO beatd_installations VALUES ('beatd', '{known}')")
        staging = Settings(broker=f"sqlite:///{tmp_path}/staging.db", schedule=(copy,))
        assert "state init --from" in refused(staging)
        assert "state init --from" in refused(staging)
        made = init_state(staging, 0, known=(), forced=False)
        assert start(staging) == made.id
        assert kept(copy) == {"beatd": made.id}
    assert start(settings) == known
    assert kept(table) == {"beatd": known}


def test_namespaces_in_one_database_have_each_their_own(settings, table) -> None:
    second = Settings(broker=settings.broker, schedule=(table,), namespace="second")
    ids = {"beatd": start(settings), "second": start(second)}
    assert kept(table) == ids
    with redis.Redis.from_url(settings.broker) as server:
        server.delete(*server.keys("{beatd:second}*"))
    assert "'second'" in refused(second)
    assert start(settings) == ids["beatd"]
    made = init_state(second, 0, known=(), forced=False)
    assert kept(table) == {"beatd": ids["beatd"], "second": made.id}


def test_two_states_that_start_at_once_are_not_both_known(settings, table, tmp_path, monkeypatch) -> None:
    other = Settings(broker=f"sqlite:///{tmp_path}/other.db", schedule=(table,))
    looked, keep = [], KnownState.keep

    def slowly(place, *given):
        if not looked:
            looked.append(1)
            start(other)
        return keep(place, *given)

    monkeypatch.setattr(KnownState, "keep", slowly)
    assert "state init" in refused(settings)
    assert start(other) == kept(table)["beatd"]


def test_in_the_file_of_the_broker_it_is_kept_too_and_goes_with_it(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/beatd.db"
    settings = Settings(broker=url, schedule=(url,))
    first = start(settings)
    assert kept(url) == {"beatd": first}
    for file in tmp_path.glob("beatd.db*"):
        file.unlink()
    assert start(settings) != first


def test_where_the_id_may_not_be_kept_it_is_said_and_what_to_grant_and_it_goes_on(settings, table, caplog) -> None:
    schema = table.partition("schema=")[2]
    role = f"{schema}_runner"
    with closing(open_database(table)) as database:

        def owner(*statements: str) -> None:
            with database.write() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)

        owner(f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        try:
            owner(f"GRANT SELECT ON beatd_schema TO {role}")
            theirs = Settings(broker=settings.broker, schedule=(table.replace("postgres@", f"{role}@"),))
            first = start(theirs)
            assert f"GRANT SELECT, INSERT, UPDATE ON beatd_installations TO {role}" in caplog.text
            assert [record.action for record in caplog.records] == ["state_not_kept"]
            owner(f"GRANT SELECT ON beatd_installations TO {role}")
            assert start(theirs) == first
            assert f"GRANT INSERT, UPDATE ON beatd_installations TO {role}" in caplog.text
            assert kept(table) == {}
            start(settings)
            flush(settings)
            assert first in refused(theirs)
        finally:
            owner(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_database_that_takes_no_writes_is_refused_as_it_is_by_whoever_reads_rows(settings, table) -> None:
    theirs = Settings(broker=settings.broker, schedule=(f"{table}&options=-cdefault_transaction_read_only%3Don",))
    with pytest.raises(DefinitionError, match="the server is read-only: a standby"):
        start(theirs)
    assert kept(table) == {}


def test_a_schema_from_before_it_keeps_none_and_says_what_to_run(settings, table, caplog) -> None:
    with closing(open_database(table)) as database, database.write() as connection:
        connection.exec_driver_sql("DROP TABLE beatd_installations")
    start(settings)
    assert "beatd db upgrade" in caplog.text
