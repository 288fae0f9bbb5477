"""HUP: the application as it is now."""

import signal

from beatd.core.states import State

MS = 1000


def test_hup_loads_the_application_anew_without_losing_the_running(shop, until):
    worker = shop.start(concurrency=2)
    until(lambda: len(shop.lines("loaded")) == 1)
    running = shop.send("nap", 1, "running")
    until(lambda: "running begun" in shop.lines())
    (shop.folder / "shop_tasks.py").write_text(
        (shop.folder / "shop_tasks.py").read_text() + "\n@task()\ndef fresh(): pass\n"
    )
    worker.send_signal(signal.SIGHUP)
    until(lambda: len(shop.lines("loaded")) == 2)
    until(lambda: shop.outcome(running))
    assert shop.lines() == ["running begun", "running ended"]
    until(lambda: len(shop.lines_saying("worker ready")) == 2)
    for _ in range(4):
        assert shop.run("fresh").state is State.SUCCESS


def test_hup_with_an_application_that_is_broken_keeps_the_former_children(shop, until):
    worker = shop.start(concurrency=2, report=100 * MS)
    until(lambda: len(shop.children()) == 2)
    before = {child["pid"] for child in until(shop.children)}
    (shop.folder / "shop_tasks.py").write_text("import no_such_module")
    worker.send_signal(signal.SIGHUP)
    until(lambda: shop.says("the children of before go on"))
    assert {shop.run("pid").result for _ in range(10)} <= before
    assert worker.poll() is None
    assert len(shop.lines("loaded")) == 2


def test_an_application_that_is_repaired_while_it_fails_to_load_is_used(shop, until):
    worker = shop.start(concurrency=2)
    until(lambda: shop.says("worker ready"))
    source = (shop.folder / "shop_tasks.py").read_text()
    (shop.folder / "shop_tasks.py").write_text("import time; time.sleep(2); import no_such_module")
    worker.send_signal(signal.SIGHUP)
    until(lambda: len(shop.lines("loaded")) == 2)
    (shop.folder / "shop_tasks.py").write_text(source + "\n@task()\ndef fresh(): pass\n")
    worker.send_signal(signal.SIGHUP)
    until(lambda: len(shop.lines_saying("worker ready")) == 2)
    until(lambda: shop.run("fresh").state is State.SUCCESS)
    for _ in range(4):
        assert shop.run("fresh").state is State.SUCCESS
