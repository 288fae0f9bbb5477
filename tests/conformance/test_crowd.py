"""Many processes on one store: nobody coordinates them but the store."""

import time

SECOND = 1_000_000
NAMES = tuple(f"entry-{number:02}" for number in range(12))


def _race(driver, make, fires):
    """Step all entries, from no record on, as a scheduler does that believes to hold everything."""
    records, stored = dict.fromkeys(NAMES), 0
    while True:
        items = [
            make.firing(name, record, record.cursor + 1 if record else 1)
            for name, record in records.items()
            if record is None or record.cursor < fires
        ]
        if not items:
            return stored
        for item, answer in zip(items, driver.records.step(items[::-1])[::-1], strict=True):
            stored += answer.stored
            records[item.name] = answer.record


def test_four_schedulers_that_fire_everything_emit_each_fire_once_from_the_first_record_on(shared, make, fork):
    driver = shared
    driver.define(*NAMES)
    children = [fork(lambda: _race(driver, make, 25)) for _ in range(4)]
    assert sum(int(child.result()) for child in children) == 25 * len(NAMES)
    runs = [(run.entry, run.fire_time) for run in driver.history.runs(limit=10_000)]
    assert sorted(runs) == sorted((name, moment) for name in NAMES for moment in range(1, 26))
    taken = driver.receiver.claim(["celery"], owner="w", limit=10_000, lease=SECOND)
    assert sorted((each.message.entry, each.message.fire_time) for each in taken) == sorted(runs)


def test_schedulers_workers_senders_and_pruning_never_deadlock(shared, make, fork):
    driver = shared
    driver.define(*NAMES)
    end = time.monotonic() + 2

    def until_the_end(act):
        def run():
            count = 0
            while time.monotonic() < end:
                count += act()
            return count

        return run

    def schedule():
        return _race(driver, make, max((r.cursor for r in driver.records.load().values()), default=0) + 3)

    def work():
        taken = driver.receiver.claim(["celery", "other"], owner=f"w{time.monotonic_ns()}", limit=7, lease=SECOND // 20)
        for place, delivery in enumerate(taken):
            if place % 3 == 0:
                driver.receiver.renew([delivery.owner], lease=SECOND)
                driver.receiver.release(delivery.owner, [delivery.message.id], penalty=False)
            else:
                driver.receiver.settle(
                    delivery, make.outcome(result=place, finished_at=1), (make.message(queue="other"),)
                )
        return len(taken)

    def tidy():
        driver.receiver.reap()
        driver.outcomes.prune(before=2, limit=50)
        return driver.history.prune(before=5, most=1_000_000, limit=50)

    acts = [schedule, schedule, work, work, work, tidy, tidy]
    children = [fork(until_the_end(act)) for act in acts]
    # A deadlock would be a BrokerUnavailableError, and fail the child.
    assert sum(int(child.result()) for child in children) > 0


def test_of_many_who_send_one_id_at_once_while_it_is_run_only_one_is_heard(shared, make, fork):
    driver = shared
    for number in range(10):
        message = make.message(id=f"same-{number}", entry="a", fire_time=number)
        children = [fork(lambda message=message: driver.sender.send(message)) for _ in range(3)]
        runs, deadline = 0, time.monotonic() + 10
        while runs == 0 and time.monotonic() < deadline:
            for delivery in driver.receiver.claim(["celery"], owner="w", limit=5, lease=60 * SECOND):
                runs += driver.receiver.settle(delivery, make.outcome())
        for child in children:
            child.result()
        runs += len(driver.receiver.claim(["celery"], owner="w", limit=5, lease=60 * SECOND))
        assert runs == 1
    assert len(driver.history.runs()) == 10
