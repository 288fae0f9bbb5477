import signal
from collections import Counter
from pathlib import Path

from beatd.core.states import State
from beatd.processes.memory import resident

MS = 1000


def pids(shop, until, ids):
    until(lambda: all(shop.outcome(each) for each in ids), seconds=60)
    assert {shop.state(each) for each in ids} == {State.SUCCESS}
    return Counter(shop.outcome(each).result for each in ids)


def test_a_child_is_replaced_after_so_many_tasks_and_never_runs_one_more(shop, until):
    shop.start(max_tasks_per_child=3)
    counts = pids(shop, until, [shop.send("pid") for _ in range(10)])
    assert sorted(counts.values()) == [1, 3, 3, 3]
    assert len(shop.lines_saying("action=replace")) == 3
    assert not shop.says("unexpectedly")


def test_a_child_for_each_task(shop, until):
    shop.start(max_tasks_per_child=1, concurrency=2)
    counts = pids(shop, until, [shop.send("pid") for _ in range(8)])
    assert set(counts.values()) == {1}


def test_no_message_is_lost_or_run_twice_and_none_waits_for_a_lease_while_quick_children_are_replaced(shop, until):
    shop.start(max_tasks_per_child=40, concurrency=2, lease=60_000_000)
    ids = [shop.send("note", f"{number}") for number in range(300)]
    until(lambda: all(shop.outcome(each) for each in ids), seconds=40)
    assert sorted(shop.lines()) == sorted(f"{number}" for number in range(300))
    until(lambda: not any(shop.sizes().get(state) for state in ("ready", "claimed", "dead")))


def test_the_successor_is_loaded_before_the_last_task_and_claims_nothing_till_then(shop, until):
    shop.start(max_tasks_per_child=2, report=100 * MS)
    shop.run("pid")
    # One is at work and one waits, with its application loaded.
    until(lambda: sorted(child["state"] for child in shop.children()) == ["idle", "waiting"])
    waiting = next(child["pid"] for child in shop.children() if child["state"] == "waiting")
    running = shop.send("nap", 1, "last")
    until(lambda: "last begun" in shop.lines())
    queued = shop.send("pid")
    assert until(lambda: shop.outcome(running)).state is State.SUCCESS
    stored = until(lambda: shop.outcome(queued))
    assert stored.result == waiting
    assert stored.started_at >= shop.outcome(running).finished_at
    assert stored.started_at - shop.outcome(running).finished_at < 500 * MS


def test_a_worker_drains_while_a_child_waits_for_its_turn(shop, until):
    worker = shop.start(max_tasks_per_child=2, report=100 * MS)
    shop.run("pid")
    until(lambda: len(shop.children()) == 2)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0


def test_a_waiting_child_stays_quiet_when_the_others_are_told_to_claim_again(shop, until):
    worker = shop.start(max_tasks_per_child=2, report=100 * MS)
    first = shop.run("pid").result
    until(lambda: len(shop.children()) == 2)
    worker.send_signal(signal.SIGTSTP)
    until(lambda: shop.says("claiming nothing"))
    worker.send_signal(signal.SIGCONT)
    until(lambda: shop.says("claiming again"))
    assert shop.run("pid").result == first


def test_a_successor_that_cannot_be_loaded_leaves_the_former_at_work(shop, until):
    worker = shop.start(max_tasks_per_child=30, report=100 * MS)
    shop.run("pid")
    (shop.folder / "shop_tasks.py").write_text("import no_such_module")
    shop.kill_template(worker)
    for _ in range(27):
        shop.run("pid")
    until(lambda: shop.says("the application cannot be loaded"))
    assert shop.run("pid").state is State.SUCCESS
    assert worker.poll() is None


def test_the_solo_pool_says_that_it_replaces_nothing(shop, until):
    shop.start(pool="solo", max_tasks_per_child=1)
    assert {shop.run("pid").state for _ in range(3)} == {State.SUCCESS}
    assert "settings=max_tasks_per_child" in shop.lines_saying("the solo pool has no children")[0]


def test_a_child_that_has_grown_too_large_is_replaced_after_its_task(shop, until):
    shop.start(max_memory_per_child=200_000_000)
    first, second = shop.run("leak", 60).result, shop.run("leak", 140).result
    assert first == second
    assert shop.run("pid").result != first
    (line,) = shop.lines_saying("a child is larger than max_memory_per_child")
    assert "action=replace task=shop.leak" in line
    assert 'limit="200 MB"' in line
    assert not shop.says("unexpectedly")


def test_a_task_that_takes_twice_as_much_is_killed_counted_and_dead_in_the_end(shop, until, is_alive):
    shop.start(max_memory_per_child=100_000_000)
    sent = shop.send("swell", 250)
    stored = until(lambda: shop.outcome(sent), seconds=30)
    assert stored.result["exc_type"] == "WorkerLostError"
    assert shop.sizes()["dead"] == 1
    killed = [int(line.split()[1]) for line in shop.lines()]
    assert len(killed) == 2
    until(lambda: not any(map(is_alive, killed)))
    line = shop.lines_saying("a child takes too much memory and is killed")[0]
    assert f"action=memory task=shop.swell message_id={sent} attempt=1" in line
    assert "was above 200 MB, twice max_memory_per_child" in line
    shop.run("note", "alive")


def test_a_task_that_may_run_once_fails_with_the_size_that_it_had(shop, until):
    shop.start(max_memory_per_child=100_000_000)
    sent = shop.send("swell_once", 250)
    stored = until(lambda: shop.state(sent) is State.FAILURE and shop.outcome(sent))
    assert "was killed by SIGKILL: its resident size of " in stored.reason
    assert "was above 200 MB, twice max_memory_per_child" in stored.reason


def test_a_task_between_the_limit_and_twice_the_limit_is_left_to_end(shop, until):
    shop.start(max_memory_per_child=150_000_000)
    assert shop.run("swell", 120, 2.5).state is State.SUCCESS
    assert len(until(lambda: shop.lines_saying("a child is larger than"))) == 1
    assert not shop.says("is killed")


def test_the_supervisor_stays_as_it_is_while_many_children_come_and_go(shop, until):
    worker = shop.start(max_tasks_per_child=1, concurrency=2)

    def after_some():
        pids(shop, until, [shop.send("pid") for _ in range(20)])
        return resident(worker.pid), len(list(Path(f"/proc/{worker.pid}/fd").iterdir()))

    (size, descriptors), *_, (size_later, descriptors_later) = [after_some() for _ in range(3)]
    assert size_later - size < 2_000_000
    # Those of children that come and go at this moment, and of the database, are there at times.
    assert descriptors_later - descriptors <= 6
