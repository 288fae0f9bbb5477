"""History: what happened to every fire."""

import pytest

SECOND = 1_000_000
DAY = 86_400 * SECOND
T = 1_800_000_000 * SECOND


@pytest.fixture
def defined(driver):
    driver.define("a", "b")


def _emit(driver, make, *moments, name="a"):
    records = driver.records.load([name])
    for moment in moments:
        item = make.firing(name, records.get(name), moment)
        driver.records.step([item])
        records = {name: item.record}


def _state(driver):
    return driver.history.runs()[0].state


def test_the_newest_comes_first_and_filters_narrow(driver, make, defined):
    _emit(driver, make, T, T + 2)
    _emit(driver, make, T + 1, name="b")
    assert [(run.entry, run.fire_time) for run in driver.history.runs()] == [("a", T + 2), ("b", T + 1), ("a", T)]
    assert [run.fire_time for run in driver.history.runs(entry="a", limit=1)] == [T + 2]
    assert [run.fire_time for run in driver.history.runs(until=T + 1)] == [T]
    assert driver.history.runs(state="success") == []


def test_a_fire_is_followed_from_emission_to_its_end(driver, make, defined, clock):
    _emit(driver, make, T)
    run = driver.history.runs()[0]
    assert (run.state, run.emitted_at, run.started_at, run.finished_at) == ("emitted", clock.now(), None, None)
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    assert (_state(driver), driver.history.runs()[0].started_at) == ("started", clock.now())
    driver.receiver.settle(delivery, make.outcome("retry", "RETRY"))
    assert _state(driver) == "retry"
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    assert (_state(driver), driver.history.runs()[0].finished_at) == ("started", None)
    driver.receiver.settle(delivery, make.outcome(started_at=5, finished_at=8, keep=False))
    run = driver.history.runs(state="success")[0]
    assert (run.started_at, run.finished_at, run.message_id, run.task) == (5, 8, delivery.message.id, "shop.add")


def test_failed_dead_and_revoked_are_told_apart(driver, make, defined):
    _emit(driver, make, T, T + 1, T + 2)
    first, second, third = driver.receiver.claim(["celery"], owner="w", limit=3, lease=SECOND)
    driver.receiver.settle(first, make.outcome(state="FAILURE"))
    driver.receiver.settle(second, make.outcome("dead", "FAILURE", reason="no such task"))
    driver.limits.revoke(third.message.id)
    driver.receiver.release("w", penalty=False)
    assert driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND) == []
    assert [(run.state, run.reason) for run in driver.history.runs()] == [
        ("revoked", "revoked"),
        ("dead", "no such task"),
        ("failure", None),
    ]


def test_the_state_outlives_the_outcome(driver, make, defined):
    _emit(driver, make, T, T + 1)
    for delivery in driver.receiver.claim(["celery"], owner="w", limit=2, lease=SECOND):
        driver.receiver.settle(delivery, make.outcome(started_at=5, finished_at=8, reason="r"))
    driver.outcomes.forget(driver.history.runs()[1].message_id)
    driver.outcomes.prune(before=9)
    told = [(run.state, run.started_at, run.finished_at, run.reason) for run in driver.history.runs()]
    assert told == [("success", 5, 8, "r")] * 2


def test_old_history_is_deleted_oldest_first_and_no_more_than_asked(driver, make, defined):
    _emit(driver, make, *range(1, 8))
    assert driver.history.prune(before=6, most=100, limit=3) == 3
    assert [run.fire_time for run in driver.history.runs()] == [7, 6, 5, 4]
    assert driver.history.prune(before=6, most=100) == 2
    assert driver.history.prune(before=6, most=100) == 0


def test_only_the_newest_are_kept(driver, make, defined):
    _emit(driver, make, *range(1, 8))
    assert driver.history.prune(before=0, most=3) == 4
    assert [run.fire_time for run in driver.history.runs()] == [7, 6, 5]


def test_an_open_range_is_never_deleted(driver, make, defined):
    driver.records.step([make.item("a", dispositions=(make.disposition("a", 1, None, None, "paused"),))])
    driver.records.step([make.item("b", dispositions=(make.disposition("b", 2, 50, 3, "missed"),))])
    assert driver.history.prune(before=10, most=100) == 0
    assert driver.history.prune(before=100, most=0) == 1
    assert [run.entry for run in driver.history.runs()] == ["a"]


def _take_in(driver, make, name, version, **fields):
    first = make.item(name)
    driver.records.step([first, make.item(name, first.record, version=version, **fields)])


def _versions(driver):
    return [(version.name, version.number) for version in driver.definitions.load()]


def test_versions_go_when_the_next_one_began_before_the_history(driver, make, clock):
    for schedule in ("every 1m", "every 2m", "every 3m"):
        driver.definitions.apply(make.drafts("a", schedule=schedule), holder="h")
        clock.advance(100)
    _take_in(driver, make, "a", 3)
    driver.leases.renew("h", ttl=SECOND, status={})
    third_at = clock.now() - 100 * SECOND
    assert driver.history.prune(before=third_at, most=100) == 1
    assert driver.history.prune(before=third_at + 1, most=100) == 1
    assert driver.history.prune(before=third_at + 1, most=100) == 0
    assert _versions(driver) == [("a", 3)]


def test_versions_that_no_record_has_taken_in_stay(driver, make, clock):
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    driver.definitions.apply(make.drafts("a", "b", schedule="every 2m"), holder="h")
    driver.records.step([make.item("a", version=1)])
    assert driver.history.prune(before=clock.advance(9), most=100) == 0
    assert _versions(driver) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_a_tombstone_goes_after_a_day_with_its_definitions(driver, make, clock):
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    driver.definitions.apply(make.drafts("b"), holder="h")
    _take_in(driver, make, "a", 2, removed=True, cursor=clock.now())
    clock.advance(86_000)
    driver.leases.renew("h", ttl=SECOND, status={})
    driver.history.prune(before=clock.now(), most=100)
    assert "a" in driver.records.load()
    clock.advance(500)
    driver.history.prune(before=clock.now(), most=100)
    assert driver.records.load() == {}
    assert _versions(driver) == [("b", 1)]


def test_a_tombstone_stays_while_its_name_comes_back(driver, make, clock):
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    driver.definitions.apply(make.drafts("b"), holder="h")
    _take_in(driver, make, "a", 2, removed=True, cursor=clock.now())
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    clock.advance(2 * 86_400)
    driver.history.prune(before=clock.now(), most=100)
    assert "a" in driver.records.load()


def test_runs_are_narrowed_by_task_time_and_id(driver, make, defined):
    _emit(driver, make, T, T + 2)
    item = make.firing("b", None, T + 1, task="shop.sub")
    driver.records.step([item])
    assert [run.entry for run in driver.history.runs(task="shop.sub")] == ["b"]
    assert [run.fire_time for run in driver.history.runs(since=T + 1)] == [T + 2, T + 1]
    assert [run.fire_time for run in driver.history.runs(since=T, until=T + 2, entry="a")] == [T]
    assert [run.entry for run in driver.history.runs(message_id=item.emissions[0].message.id)] == ["b"]
    assert driver.history.runs(message_id="absent") == []


def test_pages_follow_each_other_without_a_gap_or_a_repeat_even_at_one_moment(driver, make, defined):
    _emit(driver, make, T, T + 1, T + 2)
    _emit(driver, make, T, T + 1, T + 2, name="b")
    every, cursor, pages = driver.history.runs(), None, []
    while page := driver.history.runs(limit=1, before=cursor):
        pages += page
        cursor = page[-1].cursor
    assert pages == every
    assert len({run.cursor for run in every}) == 6


def test_what_is_no_cursor_is_refused(driver, make, defined):
    with pytest.raises(ValueError, match="is no cursor"):
        driver.history.runs(before="yesterday")
