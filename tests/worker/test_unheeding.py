"""A worker none of whose children can answer: all in code outside Python, still loading, or without a broker."""

import os
import signal
import time

import pytest

from beatd.core.states import State

MS = 1000
SECOND = 1000 * MS


def test_leases_are_renewed_and_status_is_fresh_while_every_child_is_in_code_outside_python(shop, until):
    shop.start(concurrency=2, lease=1 * SECOND, report=100 * MS)
    sent = [shop.send("hold", f"held {number}", 4) for number in range(2)]
    until(lambda: [child.get("task") for child in shop.children()] == ["shop.hold"] * 2)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        children = shop.children()
        assert [child.get("task") for child in children] == ["shop.hold"] * 2
        # As another worker would, if the leases had ended.
        assert shop.broker.receiver.claim(["celery"], owner="other", limit=5, lease=SECOND) == []
        time.sleep(0.1)
    assert max(child["running_ms"] for child in children) > 2000
    assert {until(lambda id_=id_: shop.outcome(id_)).state for id_ in sent} == {State.SUCCESS}
    assert len(shop.lines()) == 2


def test_a_child_in_code_outside_python_is_killed_within_a_second_of_its_limit_and_the_other_goes_on(shop, until):
    shop.start(concurrency=2)
    other = shop.send("hold", "other", 3)
    until(shop.lines)
    sent = shop.send("hang_in_c", time_limit=1)
    stored = until(lambda: shop.outcome(sent))
    assert stored.result["exc_type"] == "TimeLimitExceeded"
    assert 1 * SECOND <= stored.finished_at - stored.started_at < 2 * SECOND
    assert until(lambda: shop.outcome(other)).state is State.SUCCESS
    assert len(shop.lines()) == 1


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_request_to_stop_while_the_application_is_loaded_ends_it_soon_and_claims_nothing(shop, until, signum):
    (shop.folder / "shop_tasks.py").write_text("import time\ntime.sleep(20)\n")
    sent = shop.send("note", "waits")
    worker = shop.start(drain_timeout=1000 * MS)
    until(lambda: shop.lines("loaded"))
    begun = time.monotonic()
    worker.send_signal(signum)
    worker.wait(15)
    assert time.monotonic() - begun < 10
    assert shop.state(sent) is State.PENDING
    assert shop.sizes()["ready"] == 1


def test_a_request_to_stop_while_the_broker_is_away_ends_it_in_its_time_and_loses_nothing(shop, until, is_alive):
    worker = shop.start(drain_timeout=1000 * MS, lease=2 * SECOND)
    sent = shop.send("forever")
    (pid,) = [int(line.split()[-1]) for line in until(shop.lines)]
    (shop.folder / "outage").touch()
    until(lambda: shop.says("the broker is not available"))
    begun = time.monotonic()
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait(20)
    assert time.monotonic() - begun < 15
    assert not is_alive(pid)
    (shop.folder / "outage").unlink()
    # Nobody could give it back: its lease ends, and another worker takes it.
    shop.start()
    until(lambda: len(shop.lines()) == 2, seconds=20)
    assert shop.state(sent) is not State.FAILURE
