"""Edits while schedulers run: broken ones, poisonous ones, at odds with each other, between a fire and its eta."""

import shutil
import time
from uuid import uuid5

import pytest

from beatd.core.firing import paused, resumed
from beatd.core.line import renewed
from beatd.core.record import Pause
from beatd.errors import StaleSetError
from beatd.stores.toml import TomlSource
from tests.faults.ledger import BEATD, read_ledger
from tests.scheduler.stage import START

SECOND = 1_000_000
ZERO = int(START.timestamp()) * SECOND
EVERY_SECOND = "schedule = 'every 1s'"
POISON = {
    "bad_cron": "schedule = '61 * * * *'",
    "bad_zone": f"{EVERY_SECOND}\ntimezone = 'Mars/Olympus'",
    "no_schedule": "args = [1]",
    "unknown_field": f"{EVERY_SECOND}\nshedule = 'x'",
    "never": "schedule = '0 0 30 2 *'",
    "no_json": f"{EVERY_SECOND}\nkwargs = {{ x = nan }}",
}


def seconds(first: int, last: int) -> list[float]:
    return [float(moment) for moment in range(first, last + 1)]


def test_a_file_that_does_not_parse_leaves_the_set_as_it_was(troubled) -> None:
    troubled.write(a=EVERY_SECOND)
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 2)
    troubled.file.write_text("[schedules.a")
    troubled.tick(scheduler, 5)
    troubled.write(a=EVERY_SECOND, b=EVERY_SECOND)
    troubled.tick(scheduler, 3)
    assert troubled.emitted("a") == seconds(1, 10)
    assert troubled.emitted("b") == [9, 10]


def test_an_edit_begins_at_its_moment_and_leaves_to_the_former_version_what_was_due(troubled) -> None:
    troubled.write(changed=EVERY_SECOND, removed=EVERY_SECOND)
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 3)
    # Nobody ticks while fires of the former version come due, and then comes the edit.
    troubled.clock.advance(3.5)
    troubled.write(changed="schedule = 'every 2s'", added=EVERY_SECOND)
    troubled.settle(scheduler)
    troubled.tick(scheduler, 6)
    assert troubled.emitted("changed") == [1, 2, 3, 4, 5, 6, 8, 10, 12]
    assert troubled.emitted("removed") == seconds(1, 6)
    assert troubled.emitted("added") == seconds(7, 12)


def test_poisonous_entries_are_left_out_with_the_reason_and_all_others_fire_on_time(troubled, caplog) -> None:
    good = {f"e{number}": EVERY_SECOND for number in range(100)}
    large = f"{EVERY_SECOND}\nkwargs = {{ x = '{'x' * (17 << 20)}' }}"
    troubled.write(large=large, **POISON, **good)
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 3)
    for name in good:
        assert troubled.emitted(name) == [1, 2, 3]
    assert [state for _, state, _ in troubled.runs("large")] == ["refused"] * 3
    for name in POISON:
        assert [state for _, state, _ in troubled.runs(name)] == ["quarantined"]
        assert any(name in record.getMessage() for record in caplog.records)
    assert scheduler.report.as_mapping()["lateness_p99_ms"] <= 1000


def test_of_two_files_the_older_one_is_refused_and_nothing_of_the_newer_is_lost(troubled) -> None:
    troubled.write(a=EVERY_SECOND)
    older = troubled.scheduler("older")
    older.stop()
    former = shutil.copy(troubled.file, troubled.file.with_name("former.toml"))
    troubled.clock.advance(1)
    troubled.write(a=EVERY_SECOND, b=EVERY_SECOND)
    newer = troubled.scheduler("newer")
    troubled.tick(newer, 2)
    stale = TomlSource(str(former), timezone="UTC", queue="celery").load()
    with pytest.raises(StaleSetError, match="is older than the one of scheduler 'newer'"):
        troubled.state.definitions.apply(stale, holder="older")
    troubled.tick(newer, 3)
    assert troubled.emitted("a") == seconds(1, 6)
    assert troubled.emitted("b") == seconds(2, 6)


@pytest.mark.parametrize("deed", ["pause", "edit", "remove"])
def test_what_happens_between_a_fire_and_its_eta_leaves_the_message_that_was_sent(troubled, deed) -> None:
    jittered = "schedule = 'every 1m'\njitter = '30s'"
    troubled.write(a=jittered, b=EVERY_SECOND)
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 60)
    sent = [each for each in read_ledger(troubled.direct).sent if each[1] == "a"]
    assert [fire for _, _, fire in sent] == [ZERO + 60 * SECOND]
    if deed == "pause":
        (record,) = troubled.state.records.load(["a"]).values()
        note = Pause("ann", troubled.clock.now(), "note")
        (answer,) = troubled.state.records.step([paused("a", record, note, 5)])
        troubled.tick(scheduler, 90)
        line = renewed((), troubled.state.definitions.load(names=["a"]))
        (answer,) = troubled.state.records.step([resumed("a", line[0], answer.record, troubled.clock.now(), 6)])
        assert answer.stored
    elif deed == "edit":
        troubled.write(a=f"{jittered}\nargs = [1]", b=EVERY_SECOND)
    else:
        troubled.write(b=EVERY_SECOND)
    troubled.tick(scheduler, 180 - (troubled.clock.moment - START).total_seconds())
    again = sorted(fire for _, entry, fire in read_ledger(troubled.direct).sent if entry == "a")
    later = {"pause": [180], "edit": [120, 180], "remove": []}[deed]
    assert again == [ZERO + moment * SECOND for moment in (60, *later)]
    assert set(sent) <= set(read_ledger(troubled.direct).sent)


def test_a_name_that_was_removed_and_comes_back_has_other_ids(troubled) -> None:
    troubled.write(a="schedule = 'every 10s'", b=EVERY_SECOND)
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 12)
    troubled.write(b=EVERY_SECOND)
    troubled.tick(scheduler, 10)
    troubled.write(a="schedule = 'every 10s'", b=EVERY_SECOND)
    troubled.tick(scheduler, 10)
    found = {(message_id, fire) for message_id, entry, fire in read_ledger(troubled.direct).sent if entry == "a"}
    assert found == {(identity(1, 10), ZERO + 10 * SECOND), (identity(2, 30), ZERO + 30 * SECOND)}


def identity(generation: int, fire: int) -> str:
    return str(uuid5(BEATD, f"beatd\n{generation}\n{ZERO + fire * SECOND}\na"))


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_ten_thousand_due_at_one_instant_are_emitted_once_and_soon(troubled) -> None:
    troubled.write(**{f"e{number}": "schedule = 'every 10m'" for number in range(10_000)})
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 2)
    troubled.clock.advance(598)
    began = time.monotonic()
    scheduler.tick()
    assert time.monotonic() - began < 30  # a second or two, on a machine that is not busy
    found = read_ledger(troubled.direct)
    assert len(found.sent) == 10_000
    assert found.problems(600 * SECOND) == []
