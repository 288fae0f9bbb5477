"""Entries that are rows of a table, asked for by their names."""

import pytest

from beatd.core.entry import ROW
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.wiring.audit import Asked, audit
from beatd.wiring.backfill import Wanted, backfill
from beatd.wiring.entries import list_entries, pause_entry, resume_entry, trigger_entry
from beatd.wiring.forward import Upto, forward_owed
from beatd.wiring.lines import open_lines
from tests.rows import SECOND, world
from tests.servers.postgresql import postgres_schema

HOUR = 3600


@pytest.fixture(params=["sqlite", "two files", "postgresql", "redis and postgresql"])
def rows(request, tmp_path):
    """A world whose broker is the table's own database, or another one."""
    file = f"sqlite:///{tmp_path}/beatd.db"
    if "postgresql" not in request.param:
        with world(file, file if request.param == "sqlite" else f"sqlite:///{tmp_path}/rows.db") as made:
            yield made
        return
    with postgres_schema() as url:
        broker = url if request.param == "postgresql" else request.getfixturevalue("redis_server").url
        with world(broker, url) as made:
            yield made


def now(rows):
    with rows.state() as state:
        return state.clock.now()


def shown(rows, name="a"):
    (view,) = list_entries(rows.settings(), name=name)
    return view


def record(rows, name="a"):
    with rows.state() as state:
        return state.records.load([name]).get(name)


def accounts(rows, name=None, **settings):
    asked = Asked(since=now(rows) - 2 * HOUR * SECOND, until=now(rows), name=name)
    return {found.entry: found for found in audit(rows.settings(**settings), asked).findings}


def settle(rows, **columns):
    """Let a row be an hour old, and what it owes be settled."""
    rows.insert("a", **columns)
    rows.backdate(HOUR)
    rows.fire()


# ---------------------------------------------------------------- show, pause, resume, trigger


def test_a_row_that_has_no_record_is_shown_with_its_next_fire(rows) -> None:
    rows.insert("a", schedule="every 1h", task="shop.add")
    view = shown(rows)
    assert (view.state, view.task, view.runs, view.error) == ("ok", "shop.add", 0, None)
    assert 0 < view.next_fire - now(rows) <= HOUR * SECOND
    assert "@" not in view.source.partition("@")[0]
    assert record(rows) is None


def test_a_row_that_has_fired_is_shown_with_its_last_fire(rows) -> None:
    settle(rows)
    view = shown(rows)
    assert (view.state, view.runs) == ("ok", 1)
    assert 0 <= now(rows) - view.last_fire < 61 * SECOND
    assert view.next_fire > view.last_fire


def test_a_bad_row_is_shown_with_what_is_wrong_with_it(rows) -> None:
    rows.insert("a", schedule="every blue moon")
    view = shown(rows)
    assert view.state == "quarantined"
    assert "blue" in view.error
    with pytest.raises(StoreError, match=r"nothing to send: .*blue"):
        trigger_entry(rows.settings(), "a")


def test_pausing_a_row_makes_its_record_first_and_holds_what_is_due(rows) -> None:
    rows.insert("a")
    rows.backdate(HOUR)
    pause_entry(rows.settings(), "a", by="ana", note="the tape is full")
    assert (shown(rows).state, shown(rows).pause.note) == ("paused", "the tape is full")
    rows.fire()
    assert rows.runs("a") == [("paused", None)]
    resume_entry(rows.settings(), "a")
    rows.fire()
    ((state, count), *_) = rows.runs("a")
    assert state == "paused"
    assert 59 <= count <= 61
    with pytest.raises(StoreError, match="entry 'a' is not paused"):
        resume_entry(rows.settings(), "a")


def test_pausing_a_row_that_was_edited_before_it_ever_fired_takes_its_first_version_in(rows) -> None:
    rows.insert("a", schedule="every 1h")
    rows.sql("UPDATE beatd_schedules SET schedule = 'every 2h' WHERE name = 'a'")
    pause_entry(rows.settings(), "a", by="ana", note="")
    rows.fire()
    assert shown(rows).schedule == "every 2h"
    assert shown(rows).state == "paused"
    with rows.state() as state:
        assert len(state.past.tenures("a")) == 2


def test_a_row_is_triggered_without_a_record(rows) -> None:
    rows.insert("a", args="[1, 2]")
    message_id = trigger_entry(rows.settings(), "a")
    assert rows.runs("a") == [("emitted", 1)]
    assert message_id
    assert record(rows) is None


def test_a_row_that_was_removed_is_not_there(rows) -> None:
    rows.insert("a")
    rows.sql("DELETE FROM beatd_schedules")
    for _ in range(2):
        with pytest.raises(StoreError, match="no entry named 'a'"):
            pause_entry(rows.settings(), "a", by="ana", note="")
        rows.fire()


@pytest.mark.parametrize("wrong", ["nigthly", "nightl", "nightlyy", "nihgtly", "mightly"])
def test_a_mistyped_name_is_told_with_the_nearest_of_many(rows, wrong) -> None:
    for number in range(20):
        rows.insert(f"a row {number}")
    rows.insert("nightly")
    with pytest.raises(StoreError) as told:
        pause_entry(rows.settings(), wrong, by="ana", note="")
    assert f"no entry named {wrong!r}" in str(told.value)
    assert str(told.value).endswith("did you mean 'nightly'?")
    assert ("store's set or" in str(told.value)) == (rows.table != rows.broker)


def test_a_name_that_no_entry_can_have_is_told_as_such(rows) -> None:
    rows.insert("bad\tname")
    with pytest.raises(StoreError, match="name"):
        pause_entry(rows.settings(), "bad\tname", by="ana", note="")


def test_the_set_is_found_though_a_table_cannot_be_reached(rows, tmp_path) -> None:
    if rows.table == rows.broker:
        pytest.skip("then the state cannot be reached either")
    file = tmp_path / "beatd.toml"
    file.write_text("[schedules.of-set]\ntask = 't'\nschedule = 'every 1m'\n")
    apply(rows, file)
    rows.fire()
    settings = rows.settings(schedule=("postgresql://postgres@127.0.0.1:1/none",))
    pause_entry(settings, "of-set", by="ana", note="")
    (view,) = list_entries(settings, name="of-set")
    assert view.state == "paused"
    with pytest.raises((BrokerUnavailableError, StoreError)):
        pause_entry(settings, "a", by="ana", note="")


def apply(rows, file, above=0):
    from beatd.stores.toml import TomlSource

    drafts = TomlSource(str(file), timezone="UTC", queue="celery").load()
    with rows.state() as state:
        return state.definitions.apply(drafts, holder="h", replace=True, above=above)


# ---------------------------------------------------------------- audit, backfill, forward


@pytest.mark.parametrize("history", ["all", "exceptions"])
def test_what_a_row_emitted_and_did_not_adds_up_to_what_it_named(rows, history) -> None:
    settle(rows)
    found = accounts(rows, history=history)["a"]
    assert not found.wrong
    assert found.expected == found.emitted + found.disposed["coalesced"]
    assert 59 <= found.expected <= 61


def test_versions_of_a_row_are_judged_each_by_itself(rows) -> None:
    rows.insert("a")
    rows.backdate(HOUR)
    rows.sql("UPDATE beatd_schedules SET schedule = 'every 2m'")
    rows.backdate(HOUR)
    rows.sql("DELETE FROM beatd_schedules")
    rows.backdate(600)
    rows.fire()
    asked = Asked(since=now(rows) - 3 * HOUR * SECOND, until=now(rows), name="a")
    (found,) = audit(rows.settings(), asked).findings
    assert (found.wrong, found.unjudged) == (False, 0)
    assert 88 <= found.expected <= 92
    assert record(rows).removed


def test_what_a_table_does_not_tell_any_more_is_not_judged(rows) -> None:
    settle(rows)
    rows.sql("DELETE FROM beatd_schedules")
    rows.sql("DELETE FROM beatd_changes")
    found = accounts(rows)["a"]
    assert (found.wrong, found.expected) == (False, found.unjudged)
    assert found.unjudged > 0
    with rows.state() as state, open_lines(rows.settings(), state) as lines:
        assert [each.version.source for each in lines.tenures(["a"])["a"]] == [ROW]


def test_many_rows_are_audited_a_page_at_a_time(rows, monkeypatch) -> None:
    monkeypatch.setattr("beatd.wiring.lines.PAGE", 3)
    monkeypatch.setattr("beatd.wiring.audit.PAGE", 3)
    for number in range(8):
        rows.insert(f"row {number}")
    rows.backdate(HOUR)
    rows.fire()
    found = accounts(rows)
    assert sorted(found) == [f"row {number}" for number in range(8)]
    assert not any(each.wrong or each.unjudged for each in found.values())


def test_a_rows_fires_are_backfilled_by_the_version_that_owed_them(rows) -> None:
    settle(rows, misfire="skip", task="former")
    rows.sql("UPDATE beatd_schedules SET task = 'latter', schedule = 'every 1h'")
    wanted = Wanted(name="a", first=now(rows) - 2 * HOUR * SECOND, until=now(rows))
    done = backfill(rows.settings(), wanted, lambda *_: None)
    assert 59 <= done.emitted <= 61
    with rows.state() as state:
        assert {run.task for run in state.history.runs(entry="a", state="emitted")} <= {"former"}
    found = accounts(rows)["a"]
    assert not found.wrong


def test_there_is_nothing_to_backfill_of_a_row_without_a_record(rows) -> None:
    rows.insert("a")
    wanted = Wanted(name="a", first=now(rows) - HOUR * SECOND, until=now(rows))
    with pytest.raises(StoreError, match="no fire that is settled yet"):
        backfill(rows.settings(), wanted, lambda *_: None)
    with pytest.raises(StoreError, match="no entry named 'b'"):
        backfill(rows.settings(), Wanted(name="b", first=0, until=1), lambda *_: None)


def test_what_a_row_owes_is_forwarded_by_name_and_with_all(rows) -> None:
    for name in ("a", "b", "c"):
        rows.insert(name)
    rows.backdate(HOUR)
    moment = now(rows)
    one = forward_owed(rows.settings(), Upto(moment=moment, note="moved", name="a"))
    assert (one.entries, one.left) == (1, [])
    assert 59 <= one.fires <= 61
    tried = forward_owed(rows.settings(), Upto(moment=moment, note="moved", dry_run=True))
    assert (tried.entries, record(rows, "b")) == (2, None)
    rest = forward_owed(rows.settings(), Upto(moment=moment, note="moved"))
    assert (rest.entries, rest.fires, rest.left) == (2, tried.fires, [])
    assert not any(each.wrong for each in accounts(rows).values())


def test_forwarding_all_ends_the_mark_and_says_which_rows_no_table_tells_of(rows) -> None:
    settle(rows)
    rows.insert("b")
    with rows.state() as state:
        state.definitions.mark_rolled_back(now(rows))
    rows.sql("DELETE FROM beatd_schedules WHERE name = 'a'")
    rows.sql("DELETE FROM beatd_changes WHERE name = 'a'")
    done = forward_owed(rows.settings(), Upto(moment=now(rows), note="restored"))
    assert (done.left, done.cleared) == (["a"], True)


def test_a_quarantined_row_says_in_its_history_what_was_wrong(rows) -> None:
    rows.insert("a", schedule="every blue moon")
    rows.fire()
    with rows.state() as state, open_lines(rows.settings(), state) as lines:
        (run,) = lines.explained(state.history.runs(entry="a"))
    assert run.state == "quarantined"
    assert "blue" in run.reason


# ---------------------------------------------------------------- beside a set, repairs


def test_a_name_belongs_to_whichever_has_it_until_that_removes_it(rows, tmp_path) -> None:
    file = tmp_path / "beatd.toml"
    of_set = "[schedules.a]\ntask = 'of-set'\nschedule = 'every 1h'\n"
    file.write_text(of_set)
    settle(rows, task="of-row")
    (tenure,) = tenures(rows)
    assert apply(rows, file, above=tenure.version.number).revision == tenure.version.number + 1
    assert shown(rows).task == "of-row"
    file.write_text("")
    apply(rows, file)
    rows.sql("DELETE FROM beatd_schedules")
    rows.fire()
    file.write_text(of_set)
    apply(rows, file, above=record(rows).version)
    assert shown(rows).task == "of-set"
    pause_entry(rows.settings(), "a", by="ana", note="")
    rows.insert("a", task="of-row")
    assert shown(rows).state == "paused"
    rows.fire()
    assert (shown(rows).task, record(rows).removed) == ("of-set", False)
    file.write_text("")
    apply(rows, file, above=now(rows))
    rows.sql("DELETE FROM beatd_schedules")
    rows.fire()
    rows.insert("a", task="of-row again")
    rows.fire()
    assert (shown(rows).task, record(rows).removed) == ("of-row again", False)
    assert [each.version.source == ROW for each in tenures(rows)] == [True, True, False, False, True]


def tenures(rows, name="a"):
    with rows.state() as state:
        return state.past.tenures(name)


def test_repairs_leave_rows_alone(rows) -> None:
    settle(rows)
    before = record(rows), tenures(rows)
    with rows.state() as state:
        assert state.repairs.lost("", 1000) == ([], "")
        assert state.repairs.mend(["a"]) == []
        state.repairs.confirm(since=now(rows) - HOUR * SECOND, replaces=["lost"])
    assert (record(rows), tenures(rows)) == before
    rows.fire()
    assert not accounts(rows)["a"].wrong
