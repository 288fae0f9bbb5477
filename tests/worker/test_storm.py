import logging
import time

from beatd.core.states import State
from beatd.worker.storm import Storm

MS, SECOND = 1000, 1_000_000
CURSED = """
import os, threading
if os.path.exists("cursed"):
    threading.Timer(0.3, os._exit, [9]).start()
"""


def test_a_series_of_deaths_is_told_at_its_beginning_once_a_minute_and_at_its_end(clock, caplog):
    storm = Storm(clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(30):
            storm.death("they die", {"exit_code": 9}, 5 * SECOND)
            clock.at += 5 * SECOND
        storm.over()
        storm.over()
    assert [record.getMessage() for record in caplog.records] == [
        "they die",
        "still: they die",
        "still: they die",
        "the children stay alive again",
    ]
    assert [record.deaths for record in caplog.records] == [1, 13, 25, 30]
    assert caplog.records[0].restart_in_ms == 5000
    assert not storm.lasting


def test_each_sentence_of_a_series_is_told_by_itself(clock, caplog):
    storm = Storm(clock)
    with caplog.at_level(logging.WARNING):
        for sentence in ("they die", "it cannot be loaded", "they die", "it cannot be loaded"):
            storm.death(sentence, {}, SECOND)
    assert [record.getMessage() for record in caplog.records] == ["they die", "it cannot be loaded"]


def test_children_that_end_soon_after_their_start_are_started_ever_more_slowly_and_told_once(shop, until):
    tasks = shop.folder / "shop_tasks.py"
    tasks.write_text(tasks.read_text() + CURSED)
    (shop.folder / "cursed").touch()
    worker = shop.start(concurrency=2)
    until(lambda: shop.lines_saying("children end soon after their start"))
    begun, before = time.monotonic(), len(shop.lines("loaded"))
    until(lambda: len(shop.lines("loaded")) >= before + 5, seconds=60)
    # 0.1 s, doubled each time, and drawn between half and all of it.
    assert time.monotonic() - begun > 1.5
    assert len(shop.lines_saying("children end soon after their start")) == 1
    assert len(shop.lines_saying("a child ended unexpectedly")) == 1
    (line,) = shop.lines_saying("action=storm")
    assert "exit_code=9" in line
    assert 'error="its process ended with exit code 9"' in line
    (shop.folder / "cursed").unlink()
    sent = shop.send("note", "alive")
    assert until(lambda: shop.outcome(sent), seconds=40).state is State.SUCCESS
    assert worker.poll() is None


def test_what_kills_its_children_holds_up_nobody(shop):
    ids = [shop.send("leave", 9) for _ in range(4)]
    shop.start()
    begun = time.monotonic()
    shop.run("note", "innocent")
    # Eight deaths: if the starts were ever further apart it would take 12 s at least.
    assert time.monotonic() - begun < 8
    assert shop.lines() == ["leave"] * 8 + ["innocent"]
    assert shop.sizes()["dead"] == 4
    assert len(shop.lines_saying("a child ended unexpectedly")) == 8
    assert not shop.says("action=storm")
    assert {shop.state(each) for each in ids} == {State.FAILURE}


def test_an_application_that_breaks_while_the_worker_runs_is_tried_until_it_is_mended(shop, until):
    worker = shop.start(max_tasks_per_child=4, report=100 * MS)
    shop.run("pid")
    tasks = shop.folder / "shop_tasks.py"
    whole = tasks.read_text()
    tasks.write_text("import no_such_module")
    shop.kill_template(worker)
    # The one that is there has three tasks left.
    ids = [shop.send("pid") for _ in range(6)]
    until(lambda: shop.says("the application cannot be loaded any more; it is tried again"))
    assert worker.poll() is None
    assert sum(shop.outcome(each) is None for each in ids) >= 1
    tasks.write_text(whole)
    until(lambda: all(shop.outcome(each) for each in ids), seconds=60)
    assert {shop.outcome(each).state for each in ids} == {State.SUCCESS}
