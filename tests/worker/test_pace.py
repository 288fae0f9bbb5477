from beatd.worker.pace import Pace


def test_nothing_known_means_one_at_a_time():
    assert Pace().batch() == 1
    assert not Pace().is_quick("a")


def test_quick_tasks_come_in_batches_up_to_32():
    pace = Pace()
    pace.ran("a", 100)
    assert pace.batch() == 32
    assert pace.is_quick("a")


def test_a_batch_is_about_8_ms_of_work():
    pace = Pace()
    pace.ran("a", 2000)
    assert pace.batch() == 4


def test_one_slow_run_ends_batches_at_once():
    pace = Pace()
    for _ in range(50):
        pace.ran("a", 100)
    pace.ran("b", 50_000)
    assert pace.batch() == 1
    assert pace.is_quick("a")
    assert not pace.is_quick("b")


def test_several_quick_runs_bring_batches_back():
    pace = Pace()
    pace.ran("a", 50_000)
    for _ in range(30):
        pace.ran("a", 100)
    assert pace.batch() > 1


def test_a_great_many_task_names_are_not_kept_for_ever():
    pace = Pace()
    for number in range(5000):
        pace.ran(f"task-{number}", 100)
    assert len(pace._averages) <= 1000
