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


def test_of_several_processes_that_found_one_row_exactly_one_does(shared, make, fork):
    driver = shared
    for number in range(10):
        name, version = f"row {number}", 1_800_000_000_000_001 + number

        def race(who, name=name, version=version):
            told = {"version": version, "generation": version, "cursor": who, "takes_in": True, "begins": 0}
            item = make.item(name, emissions=(make.emission(name, who),), **told, of_row=True)
            return int(driver.records.step([item])[0].stored)

        children = [fork(lambda who=who: race(who)) for who in range(1, 4)]
        assert sum(int(child.result()) for child in children) == 1
        assert [each.version.number for each in driver.past.tenures(name)] == [version]
    assert len(driver.history.runs()) == 10
