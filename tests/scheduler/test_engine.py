import logging
import shutil
import sqlite3
from contextlib import closing, suppress

import pytest

from beatd.core.firing import paused, resumed
from beatd.core.line import renewed
from beatd.core.record import Pause
from beatd.errors import BrokerUnavailableError, DefinitionError, ForeignSetError

EVERY_10S = "schedule = 'every 10s'"


def test_fires_are_emitted_at_their_time_and_not_before(stage) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 9)
    assert stage.emitted("a") == []
    stage.tick(scheduler, 11)
    assert stage.emitted("a") == [10, 20]


@pytest.mark.parametrize(
    ("misfire", "history"),
    [
        ("latest", [(10, "coalesced", 359), (3600, "emitted", 1)]),
        ("skip", [(10, "missed", 360)]),
    ],
)
def test_after_an_hour_of_rest_the_policy_decides_and_the_rest_is_on_record(stage, misfire, history) -> None:
    stage.write(a=f"{EVERY_10S}\nmisfire = '{misfire}'")
    stage.scheduler().stop()
    stage.clock.advance(3600)
    stage.settle(stage.scheduler("two"))
    assert stage.runs("a") == history


def test_after_an_hour_of_rest_all_emits_each_within_grace_and_limit(stage) -> None:
    stage.write(
        a=f"{EVERY_10S}\nmisfire = 'all'",
        b=f"{EVERY_10S}\nmisfire = 'all'\ngrace = '30m30s'",
        c=f"{EVERY_10S}\nmisfire = 'all'\ncatch_up_limit = 5",
    )
    stage.scheduler().stop()
    stage.clock.advance(3600)
    stage.settle(stage.scheduler("two"))
    assert stage.emitted("a") == [10.0 * n for n in range(1, 361)]
    assert stage.runs("b")[0] == (10, "missed", 177)
    assert stage.emitted("b")[0] == 1780
    assert stage.runs("c")[0] == (10, "missed", 355)
    assert stage.emitted("c") == [3560, 3570, 3580, 3590, 3600]


@pytest.mark.parametrize("misfire", ["latest", "all", "skip"])
def test_after_five_seconds_of_rest_nothing_is_coalesced(stage, misfire) -> None:
    stage.write(a=f"schedule = 'every 100ms'\nmisfire = '{misfire}'")
    stage.scheduler().stop()
    stage.clock.advance(5)
    stage.settle(stage.scheduler("two"))
    assert len(stage.emitted("a")) == 50
    assert len(stage.runs("a")) == 50


def test_an_edit_is_taken_as_a_diff_and_leaves_the_other_entries_alone(stage) -> None:
    stage.write(a=EVERY_10S, b=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    untouched = stage.state.records.load(["a"])
    stage.write(a=EVERY_10S, b="schedule = 'every 7s'")
    stage.tick(scheduler, 1.5)
    assert stage.state.records.load(["a"]) == untouched
    stage.tick(scheduler, 10)
    assert stage.emitted("a") == [10, 20]
    # 12:00:00 is a multiple of neither second count since the epoch: the first one after the edit.
    assert all(later > 12 for later in stage.emitted("b")[1:])
    assert len(stage.emitted("b")) >= 2


def test_a_broken_edit_keeps_the_old_set_and_says_so(stage, caplog) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    stage.file.write_text("[schedules.a\n")
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 20)
    assert stage.emitted("a") == [10, 20]
    (said,) = [record for record in caplog.records if "edit not taken" in record.message]
    assert "beatd.toml:1" in said.message


def test_a_broken_entry_is_quarantined_and_the_others_go_on_until_it_is_mended(stage) -> None:
    stage.write(a=EVERY_10S, b=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    stage.write(a=EVERY_10S, b="schedule = 'every monday'")
    stage.tick(scheduler, 20)
    stage.write(a=EVERY_10S, b=EVERY_10S)
    stage.tick(scheduler, 20)
    assert stage.emitted("a") == [10, 20, 30, 40, 50]
    assert stage.emitted("b") == [10, 40, 50]
    assert (12.000001, "quarantined", 2) not in stage.runs("b")
    (told,) = [run for run in stage.state.history.runs(entry="b") if run.state == "quarantined"]
    assert told.reason is not None
    assert told.reason.endswith(
        "schedules.b.schedule: bad schedule 'every monday': 'monday' is not a duration; write '0 0 * * mon'"
    )
    assert {run.reason for run in stage.state.history.runs() if run.state != "quarantined"} == {None}


def test_strict_refuses_to_start_with_a_broken_entry(stage) -> None:
    stage.write(a="schedule = 'every monday'")
    with pytest.raises(DefinitionError, match="every monday") as raised:
        stage.scheduler(strict=True)
    assert str(raised.value).count("beatd.toml:") == 1  # the place, once


def test_a_second_scheduler_stands_by_and_takes_over_when_the_first_vanishes(stage) -> None:
    stage.write(a=EVERY_10S)
    first, second = stage.scheduler("one"), stage.scheduler("two")
    stage.tick(first)
    stage.tick(second)
    assert not first.on_standby
    assert second.on_standby
    # The first one is gone without a word; its lease runs out within six seconds.
    stage.tick(second, 25)
    assert not second.on_standby
    assert stage.emitted("a") == [10, 20]


def test_a_graceful_stop_hands_over_at_once(stage) -> None:
    stage.write(a=EVERY_10S)
    first, second = stage.scheduler("one"), stage.scheduler("two")
    stage.tick(second, 1)
    first.stop()
    stage.tick(second, 2)
    assert not second.on_standby


def test_two_schedulers_that_both_believe_to_hold_everything_emit_once(stage) -> None:
    stage.write(a="schedule = 'every 1s'")
    first, second = stage.scheduler("one"), stage.scheduler("one")
    for _ in range(20):
        stage.clock.advance(1)
        first.tick()
        second.tick()
    assert stage.emitted("a") == [float(n) for n in range(1, 21)]
    assert second.report.conflicts + first.report.conflicts > 0


def test_another_projects_set_is_refused_unless_it_is_to_replace_the_one_there(stage) -> None:
    stage.write(a=EVERY_10S)
    stage.scheduler("one").stop()
    stage.write(z=EVERY_10S)
    with pytest.raises(ForeignSetError, match="replace-set"):
        stage.scheduler("two")
    scheduler = stage.scheduler("two", replace_set=True)
    stage.tick(scheduler, 20)
    assert stage.emitted("a") == []
    assert stage.emitted("z") == [10, 20]


def test_a_host_with_an_older_set_does_not_undo_a_deploy(stage, caplog) -> None:
    stage.write(a=EVERY_10S)
    stage.scheduler("old").stop()
    stage.clock.advance(60)
    stage.write(a=EVERY_10S, b=EVERY_10S)
    new = stage.scheduler("new")
    stage.tick(new, 1)
    stage.write(a=EVERY_10S)
    with caplog.at_level(logging.WARNING):
        old = stage.scheduler("old2")
    assert "set not applied" in caplog.text
    assert old.on_standby
    assert {version.name for version in stage.state.definitions.load()} == {"a", "b"}


def test_a_store_that_went_back_far_fires_nothing_until_it_is_told_to(stage, tmp_path, caplog) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    copy = tmp_path / "copy.db"
    stage.state.close()
    shutil.copy(stage.database, copy)
    stage.tick(scheduler, 300)
    assert len(stage.emitted("a")) == 31
    stage.state.close()
    for file in tmp_path.glob("beatd.db*"):
        file.unlink()
    shutil.copy(copy, stage.database)
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 30)
    (told,) = [record.message for record in caplog.records if record.action == "rolled_back"]
    assert told.startswith("the store went back: nothing is fired until `beatd forward")
    assert stage.emitted("a") == [10]
    scheduler.stop()
    stage.settle(stage.scheduler("two", catch_up=True))
    assert stage.emitted("a")[1:] == [340]
    assert (20, "coalesced", 32) in stage.runs("a")


def test_late_entries_do_not_delay_those_on_time(stage) -> None:
    entries = {f"late{n}": "schedule = 'every 1s'\nmisfire = 'all'" for n in range(20)}
    stage.write(punctual="schedule = 'every 1s'\nmisfire = 'skip'", **entries)
    stage.scheduler().stop()
    stage.clock.advance(600)
    scheduler = stage.scheduler("two")
    for _ in range(60):
        stage.clock.advance(0.1)
        scheduler.tick()
    drained = sum(len(stage.emitted(f"late{n}")) for n in range(20))
    assert [moment for moment in stage.emitted("punctual") if moment > 602] == [603, 604, 605, 606]
    # 1000 fires a second at the most: 6 s of catching up, no more.
    assert 3000 <= drained <= 6500


def test_a_forward_step_of_the_clock_fires_nothing_for_a_minute(stage) -> None:
    stage.write(a="schedule = 'every 10m'")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 5)
    stage.clock.set(stage.clock.moment.replace(hour=18))
    stage.tick(scheduler, 50)
    assert stage.emitted("a") == []
    stage.tick(scheduler, 20)
    assert stage.emitted("a") == [6 * 3600]


def test_a_backward_step_fires_nothing_again(stage) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 35)
    stage.clock.set(stage.clock.moment.replace(minute=0, second=5))
    stage.tick(scheduler, 40)
    assert stage.emitted("a") == [10, 20, 30, 40]


def test_the_scheduler_asks_to_be_called_at_its_next_fire(stage) -> None:
    stage.write(a="schedule = 'every 10s offset 300ms'")
    scheduler = stage.scheduler()
    scheduler.tick()
    stage.clock.advance(10)
    assert scheduler.tick() == 300_000


def test_another_edition_of_the_time_zones_is_told_once(stage, caplog) -> None:
    stage.write(a=EVERY_10S)
    stage.scheduler("one").stop()
    with closing(sqlite3.connect(stage.database)) as connection, connection:
        connection.execute("UPDATE beatd_namespaces SET tzdata = '2020.1'")
    with caplog.at_level(logging.WARNING):
        stage.scheduler("two").stop()
        stage.scheduler("three").stop()
    (said,) = [record.message for record in caplog.records if record.action == "library_changed"]
    assert "2020.1" in said


def test_a_scheduler_may_rename_every_entry_of_the_set_that_it_carries(stage) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    stage.write(b=EVERY_10S)
    stage.tick(scheduler, 20)
    assert stage.emitted("a") == [10]
    assert stage.emitted("b") == [20, 30]


def test_a_mended_file_is_told(stage, caplog) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    good = stage.file.read_text()
    stage.file.write_text("[schedules.a\n")
    stage.tick(scheduler, 2)
    with caplog.at_level(logging.INFO):
        stage.file.write_text(good)
        stage.tick(scheduler, 2)
    assert "can be read again" in caplog.text


def test_after_an_outage_the_records_are_read_again_and_nothing_is_lost_or_doubled(stage) -> None:
    stage.write(a="schedule = 'every 1s'", b="schedule = 'every 2s'")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 5)
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(3):
            stage.clock.advance(1)
            with pytest.raises(BrokerUnavailableError):
                scheduler.tick()
        other.execute("ROLLBACK")
    stage.tick(scheduler, 2)
    assert stage.emitted("a") == [float(n) for n in range(1, 11)]
    assert stage.emitted("b") == [2, 4, 6, 8, 10]


def test_a_message_that_the_broker_cannot_take_is_refused_and_the_next_entry_fires(stage) -> None:
    stage.write(a=f"{EVERY_10S}\nkwargs = {{ text = '{'x' * (17 << 20)}' }}", b=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 21, at_most=5)
    assert stage.runs("a") == [(10, "refused", 1), (20, "refused", 1)]
    assert stage.broker.admin.sizes()["celery"]["dead"] == 2
    assert stage.emitted("b") == [10, 20]


def test_a_scheduler_that_cannot_renew_lets_go_after_one_ttl(stage, monkeypatch) -> None:
    stage.write(a="schedule = 'every 1s'")
    scheduler = stage.scheduler()
    scheduler.tick()

    def silent(*_, **__):
        raise BrokerUnavailableError("test://", "no answer")

    monkeypatch.setattr(stage.state.leases, "renew", silent)
    for _ in range(12):
        stage.clock.advance(1)
        with suppress(BrokerUnavailableError):
            scheduler.tick()
    assert stage.emitted("a")
    assert max(stage.emitted("a")) < 6


def test_a_store_that_was_removed_while_running_fires_nothing_and_is_told(stage, caplog, tmp_path) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 12)
    for file in tmp_path.glob("beatd.db*"):
        file.unlink()
    with caplog.at_level(logging.ERROR):
        stage.tick(scheduler, 30)
    assert "another one than before" in caplog.text
    assert stage.emitted("a") == []


def test_a_restarted_scheduler_goes_on_with_the_stores_set_while_its_file_is_broken(stage, caplog) -> None:
    stage.write(a=EVERY_10S)
    stage.tick(stage.scheduler("one"), 12)
    stage.file.write_text("[schedules.a\n")
    with caplog.at_level(logging.ERROR):
        again = stage.scheduler("one")
    assert "edit not taken" in caplog.text
    stage.tick(again, 20)
    assert stage.emitted("a") == [10, 20, 30]
    stage.write(a=EVERY_10S, b=EVERY_10S)
    stage.tick(again, 20)
    assert stage.emitted("b") == [40, 50]


def test_a_definition_of_newer_code_is_left_alone_and_said_and_the_others_fire(stage, caplog) -> None:
    stage.write(a=EVERY_10S, b=EVERY_10S, c=EVERY_10S)
    stage.scheduler().stop()
    with closing(sqlite3.connect(stage.database)) as connection, connection:
        change = "UPDATE beatd_definitions SET entry = json_set(entry, ?, ?) WHERE name = ?"
        connection.execute(change, ("$.misfire", "latest_two", "b"))
        connection.execute(change, ("$.later", "skip", "c"))
    with caplog.at_level(logging.ERROR):
        stage.tick(stage.scheduler("two"), 21)
    assert stage.emitted("a") == [10, 20]
    assert stage.emitted("b") == stage.emitted("c") == []
    assert sorted(r.entry for r in caplog.records if r.action == "unreadable") == ["b", "c"]


def test_resuming_while_the_clock_is_behind_the_cursor_moves_nothing_back(stage) -> None:
    stage.write(a=EVERY_10S)
    scheduler = stage.scheduler()
    stage.tick(scheduler, 35)
    (held,) = stage.state.records.load(["a"]).values()
    pause = Pause("me", held.cursor, "note")
    (stored,) = stage.state.records.step([paused("a", held, pause, 5)])
    line = renewed((), stage.state.definitions.load(names=["a"]))
    item = resumed("a", line[0], stored.record, held.cursor - 20_000_000, 6)
    assert item.record.cursor == held.cursor
    assert item.closes.count == 0


def test_ranges_of_other_entries_stay_open_when_one_is_closed(stage) -> None:
    stage.write(a="schedule = 'every monday'", b="schedule = 'every tuesday'")
    scheduler = stage.scheduler()
    stage.tick(scheduler, 2)
    stage.write(a=EVERY_10S, b="schedule = 'every tuesday'")
    stage.tick(scheduler, 30)
    with closing(sqlite3.connect(stage.database)) as connection:
        found = connection.execute("SELECT entry, last IS NULL FROM beatd_fires WHERE reason = 'quarantined'")
        assert sorted(found) == [("a", 0), ("b", 1)]


def test_figures_of_the_work_are_counted_for_status(stage) -> None:
    stage.write(**{f"e{n}": EVERY_10S for n in range(8)})
    scheduler = stage.scheduler()
    stage.tick(scheduler, 33)
    (seen,) = stage.state.leases.holders()
    found = seen.status
    assert (found["fires"], found["batch_max"]) == (24, 8)
    assert found["batch_mean"] == 8
    assert found["round_trips"] >= 15
    assert 0 <= found["lateness_p50_ms"] <= found["lateness_p99_ms"] < 1000
    assert found["clock_skew_ms"] == 0
    assert found["holding_since"] == "2026-03-01T12:00:00Z"
