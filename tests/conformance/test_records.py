"""Records: moved by compare-and-set only, together with their messages and their history."""

import pytest

from beatd.core.record import Backlog, Pause, Reason

SECOND = 1_000_000
T = 1_800_000_000 * SECOND


@pytest.fixture(autouse=True)
def _defined(driver):
    driver.define("nightly", "a", "b", "c", *(f"entry {number}" for number in range(7)))


def test_a_record_is_made_only_where_there_is_none(driver, make):
    first = make.item("nightly", cursor=5)
    assert driver.records.step([first])[0].stored
    second = driver.records.step([make.item("nightly", cursor=9)])[0]
    assert (second.stored, second.record) == (False, first.record)


def test_a_step_moves_the_record_and_inserts_its_message(driver, make, claimed):
    driver.records.step([make.item("nightly")])
    former = driver.records.load(["nightly"])["nightly"]
    item = make.firing("nightly", former, T)
    answer = driver.records.step([item])[0]
    assert (answer.stored, answer.repeated) == (True, ())
    assert driver.records.load() == {"nightly": item.record}
    assert claimed() == [item.emissions[0].message.id]


def test_whoever_lost_the_race_does_nothing_and_sees_the_record_as_it_is(driver, make, claimed):
    made = make.item("nightly")
    driver.records.step([made])
    winner = make.firing("nightly", made.record, T)
    loser = make.firing("nightly", made.record, T + SECOND)
    assert driver.records.step([winner])[0].stored
    answer = driver.records.step([loser])[0]
    assert (answer.stored, answer.record) == (False, winner.record)
    assert claimed() == [winner.emissions[0].message.id]
    assert [run.fire_time for run in driver.history.runs()] == [T]


def test_an_expected_record_that_is_not_there_is_a_lost_race(driver, make):
    answer = driver.records.step([make.firing("nightly", make.record(), T)])[0]
    assert (answer.stored, answer.record) == (False, None)


def test_items_stand_or_fall_one_by_one(driver, make, claimed):
    there = make.item("b")
    driver.records.step([there])
    items = [make.firing("a", None, T), make.firing("b", make.record(), T), make.firing("c", None, T)]
    assert [answer.stored for answer in driver.records.step(items)] == [True, False, True]
    assert claimed() == [items[0].emissions[0].message.id, items[2].emissions[0].message.id]
    assert driver.records.load()["b"] == there.record


def test_one_entry_may_move_twice_in_a_step(driver, make):
    first = make.firing("a", None, T)
    second = make.firing("a", first.record, T + SECOND)
    assert [answer.stored for answer in driver.records.step([first, second])] == [True, True]
    assert driver.records.load() == {"a": second.record}


def test_an_empty_step_answers_nothing(driver):
    assert driver.records.step([]) == []


def test_every_field_of_a_record_comes_back(driver, make):
    first = make.item("nightly")
    full = make.item(
        "nightly",
        first.record,
        generation=2,
        version=7,
        fingerprint=2**63 - 1,
        since=T - 1,
        cursor=T,
        runs=3,
        open=Reason.PAUSED,
        backlog=Backlog(T, T + 1),
        pause=Pause("ana", T, "räumen"),
        removed=True,
    )
    driver.records.step([first, full])
    assert driver.records.load(["nightly", "absent"]) == {"nightly": full.record}


def test_a_message_that_waits_is_repeated_and_not_sent_again(driver, make, claimed):
    first = make.firing("a", None, T)
    driver.records.step([first])
    again = make.firing("a", first.record, T)
    answer = driver.records.step([again])[0]
    assert (answer.stored, answer.repeated) == (True, (again.emissions[0].message.id,))
    assert len(claimed()) == 1
    assert len(driver.history.runs()) == 1


@pytest.mark.parametrize("keep", [True, False])
def test_a_message_that_has_run_is_not_sent_again(driver, make, keep):
    first = make.firing("a", None, T)
    driver.records.step([first])
    delivery = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)[0]
    driver.receiver.settle(delivery, make.outcome(keep=keep))
    answer = driver.records.step([make.firing("a", first.record, T)])[0]
    assert answer.repeated == (delivery.message.id,)
    assert driver.admin.sizes() == {}


def test_a_message_on_record_is_not_sent_again_when_its_outcome_is_gone(driver, make):
    first = make.firing("a", None, T)
    driver.records.step([first])
    delivery = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)[0]
    driver.receiver.settle(delivery, make.outcome())
    driver.outcomes.forget(delivery.message.id)
    assert driver.records.step([make.firing("a", first.record, T)])[0].repeated == (delivery.message.id,)
    assert driver.admin.sizes() == {}


def test_the_same_id_twice_in_one_step_is_sent_once(driver, make, claimed):
    emission = make.emission("a", T)
    answer = driver.records.step([make.item("a", emissions=(emission, emission))])[0]
    assert answer.repeated == (emission.message.id,)
    assert claimed() == [emission.message.id]


def test_a_message_too_large_refuses_its_item_alone(driver, make):
    large = make.firing("a", None, T, body=b"x" * (16 * 1024 * 1024 + 1))
    answers = driver.records.step([large, make.firing("b", None, T)])
    assert [answer.stored for answer in answers] == [False, True]
    (fire_time, reason), *_ = answers[0].refused
    assert fire_time == T
    assert "16777217 bytes" in reason
    assert list(driver.records.load()) == ["b"]


def test_a_version_that_the_store_does_not_hold_is_not_taken_in(driver, make):
    (held, *_) = driver.definitions.load(names=["a"])
    first = make.item("a", version=1, fingerprint=held.fingerprint, takes_in=True)
    assert driver.records.step([first])[0].stored
    for told in ({"version": 2, "fingerprint": held.fingerprint}, {"version": 1, "fingerprint": 7}):
        answer = driver.records.step([make.item("a", first.record, takes_in=True, **told)])[0]
        assert (answer.stored, answer.unheld, answer.record) == (False, True, first.record)


@pytest.mark.parametrize(("name", "version"), [("a", 2), ("absent", 1)])
def test_a_first_record_begins_with_the_first_version(driver, make, name, version):
    driver.definitions.apply(make.drafts("a", schedule="every 2m"), holder="h")
    answer = driver.records.step([make.item(name, version=version)])[0]
    assert (answer.stored, answer.unheld, answer.record) == (False, True, None)


def test_notices_come_in_order_even_when_the_clock_stands_still(driver, make):
    driver.records.step([make.item("a"), make.item("b")])
    assert driver.records.noticed(0) == (0, {})
    former = driver.records.load()
    paused = make.item("a", former["a"], notice=True, pause=Pause("ana", T, ""))
    driver.records.step([paused])
    mark, seen = driver.records.noticed(0)
    assert seen == {"a": paused.record}
    again = make.item("b", former["b"], notice=True)
    driver.records.step([again])
    later, seen = driver.records.noticed(mark)
    assert (later > mark, seen) == (True, {"b": again.record})
    assert driver.records.noticed(later) == (later, {})


def test_a_fire_does_not_hide_a_notice(driver, make):
    first = make.item("a", notice=True)
    driver.records.step([first])
    driver.records.step([make.firing("a", first.record, T)])
    assert list(driver.records.noticed(0)[1]) == ["a"]


def test_namespaces_do_not_see_each_other(driver, make):
    driver.records.step([make.firing("a", None, T)])
    other = driver.within("other")
    assert other.records.load() == {}
    taken = other.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    # Celery's queues know no namespaces: it is theirs to give them names.
    assert len(taken) == ("queues of a namespace" in driver.lacks)
    assert other.history.runs() == []


def test_ranges_are_opened_and_closed_on_record(driver, make):
    opened = make.item("a", open=Reason.PAUSED, dispositions=(make.disposition("a", T, None, None, "paused"),))
    driver.records.step([opened])
    (run,) = driver.history.runs()
    assert (run.state, run.fire_time, run.last, run.count) == ("paused", T, None, None)
    driver.records.step([make.item("a", opened.record, closes=make.disposition("a", T, T + 5, 3, "paused"))])
    (run,) = driver.history.runs()
    assert (run.state, run.fire_time, run.last, run.count) == ("paused", T, T + 5, 3)


def test_a_range_is_closed_before_the_next_one_opens(driver, make):
    opened = make.item("a", dispositions=(make.disposition("a", T, None, None, "paused"),))
    reopened = make.item(
        "a",
        opened.record,
        closes=make.disposition("a", T, T + 5, 3, "paused"),
        dispositions=(make.disposition("a", T + 6, None, None, "paused"),),
    )
    driver.records.step([opened, reopened])
    assert [(run.fire_time, run.last) for run in driver.history.runs()] == [(T + 6, None), (T, T + 5)]


def test_a_closed_range_whose_beginning_is_gone_is_added_whole(driver, make):
    driver.records.step([make.item("a", closes=make.disposition("a", T, T + 5, 3, "paused"))])
    assert [(run.state, run.last, run.count) for run in driver.history.runs()] == [("paused", T + 5, 3)]


def test_history_exceptions_leaves_out_what_was_emitted(driver, make):
    item = make.firing("a", None, T)
    missed = make.item("b", dispositions=(make.disposition("b", T, T, 1, "missed"),))
    driver.keeping("exceptions").step([item, missed])
    assert [run.state for run in driver.history.runs()] == ["missed"]


def test_history_none_keeps_nothing(driver, make):
    opened = make.item("b", dispositions=(make.disposition("b", T, T, 1, "missed"),))
    driver.keeping("none").step([opened, make.firing("a", None, T)])
    assert driver.history.runs() == []


def test_all_records_are_loaded_beyond_one_page(driver, make, monkeypatch):
    monkeypatch.setattr("beatd.stores.sqlrecords.PAGE", 3)
    monkeypatch.setattr("beatd.stores.sqlrow.PAGE", 3)
    items = [make.item(f"entry {number}") for number in range(7)]
    driver.records.step(items)
    assert driver.records.load() == {item.name: item.record for item in items}
