"""Records under several processes: nobody coordinates them but the store."""

import time

ENTRIES = ("a", "b", "c")


def test_of_two_processes_that_step_on_one_seq_exactly_one_wins(shared, make, fork):
    driver = shared
    driver.define(*ENTRIES)
    former = driver.records.load().get("a")
    for fire_time in range(1, 31):

        def race(number, former=former, fire_time=fire_time):
            item = make.firing("a", former, fire_time, headers={"who": number})
            return int(driver.records.step([item])[0].stored)

        children = [fork(lambda number=number: race(number)) for number in range(3)]
        assert sum(int(child.result()) for child in children) == 1
        former = driver.records.load()["a"]
    assert len(driver.history.runs()) == 30


def _step_until(driver, make, last):
    """Fire every entry's next second until ``last``, whoever else does the same; return how many were won."""
    records, won = driver.records.load(), 0
    while True:
        items = [
            make.firing(name, former, former.cursor + 1 if former else 1)
            for name in ENTRIES
            if (former := records.get(name)) is None or former.cursor < last
        ]
        if not items:
            return won
        for item, answer in zip(items, driver.records.step(items), strict=True):
            won += answer.stored
            records[item.name] = answer.record


def test_four_schedulers_that_race_for_the_same_entries_neither_lose_nor_double(shared, make, fork):
    driver = shared
    driver.define(*ENTRIES)
    children = [fork(lambda: _step_until(driver, make, 60)) for _ in range(4)]
    assert sum(int(child.result()) for child in children) == 60 * len(ENTRIES)
    taken = driver.receiver.claim(["celery"], owner="w", limit=1000, lease=10**9)
    fired = sorted((delivery.message.entry, delivery.message.fire_time) for delivery in taken)
    assert fired == [(name, fire_time) for name in ENTRIES for fire_time in range(1, 61)]


def _step_forever(driver, make):
    records = driver.records.load()
    while True:
        items = []
        for name in ENTRIES:
            former = records.get(name)
            items.append(make.firing(name, former, former.cursor + 1 if former else 1))
        records = {item.name: answer.record for item, answer in zip(items, driver.records.step(items), strict=True)}


def _total(driver):
    return sum(record.cursor for record in driver.records.load().values())


def test_kill_9_in_the_middle_of_steps_leaves_records_messages_and_history_agreed(shared, make, fork):
    driver = shared
    driver.define(*ENTRIES)
    for _ in range(4):
        target = _total(driver) + 150
        child = fork(lambda: _step_forever(driver, make))
        deadline = time.monotonic() + 30
        while _total(driver) < target:
            assert time.monotonic() < deadline
        child.kill()
    cursors = {name: record.cursor for name, record in driver.records.load().items()}
    expected = {(name, fire_time) for name in ENTRIES for fire_time in range(1, cursors[name] + 1)}
    runs = driver.history.runs(limit=100_000)
    taken = driver.receiver.claim(["celery"], owner="w", limit=100_000, lease=10**9)
    assert len(runs) == len(taken) == len(expected)
    assert {(run.entry, run.fire_time) for run in runs} == expected
    assert {(delivery.message.entry, delivery.message.fire_time) for delivery in taken} == expected
