"""What may befall a claim, a run and a settlement, one by one; each is done to one child on a real broker."""

import logging
import os
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial
from signal import SIGKILL

import psycopg
import pytest

from beatd.core.states import Outcome, State, Verdict
from beatd.rediskit.scripts import script
from tests.faults.worker.one import SECOND, OneChild, Wrapped
from tests.servers.port import free_port
from tests.servers.postgresql import POSTGRES


@pytest.fixture
def child_on(tmp_path):
    """Make a child on a store that may be troubled."""
    made = []

    def make(store, **options):
        made.append(OneChild(tmp_path, store.url, store.direct, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def request_of(driver, name):
    """Return what is in a request that carries a claim or a settlement out, and in no other of an idle child."""
    if driver == "postgresql":
        # With its end: a transaction begins with words of READ COMMITTED. A settlement is one statement.
        return b"DELETE FROM" if name == "settle" else b"COMMIT\0"
    return script("ends" if name == "settle" else name, "ready").sha.encode()


def warm(child):
    """Run something, so that scripts are loaded, tables made and statements prepared."""
    child.send("first")
    child.work_off("first")


def die(*_, **__):
    os.kill(os.getpid(), SIGKILL)


def test_a_claim_whose_reply_is_lost_is_given_out_again_and_run_once(remote, child_on):
    child = child_on(remote)
    warm(child)
    child.send("m")
    remote.proxy.lose_reply(to=request_of(remote.driver, "claim"))
    began = time.monotonic()
    child.work_off("m")
    assert not remote.proxy.is_set
    assert child.runs == ["first", "m"]
    assert child.state("m") == "SUCCESS"
    assert time.monotonic() - began < 15  # long before its lease ends


def test_a_settlement_whose_reply_is_lost_stands_and_its_task_is_not_run_again(remote, child_on, caplog):
    child = child_on(remote)
    warm(child)
    child.send("m")
    child.deeds.append(lambda: remote.proxy.lose_reply(to=request_of(remote.driver, "settle")))
    child.work_off("m")
    assert not remote.proxy.is_set
    child.send("last")
    child.work_off("last")
    assert child.runs == ["first", "m", "last"]
    assert child.state("m") == "SUCCESS"
    assert not [line for line in caplog.messages if "lease was lost" in line]


def test_a_settlement_that_is_cut_in_the_middle_is_made_again_whole(remote, child_on):
    child = child_on(remote)
    warm(child)
    child.send("m")
    child.deeds.append(lambda: remote.proxy.cut_request(after=10, of=request_of(remote.driver, "settle")))
    child.work_off("m")
    assert not remote.proxy.is_set
    assert child.runs == ["first", "m"]
    assert child.state("m") == "SUCCESS"


def taken_by_another(child, lease):
    """Let the lease of all that the child holds pass, and let another one run that to its end."""
    time.sleep(lease * 1.5)
    receiver = child.direct.receiver
    assert receiver.reap() == 1
    (delivery,) = receiver.claim(["celery"], owner="another", limit=9, lease=30 * SECOND)
    assert delivery.attempt >= 2  # more where a first claim, on a machine that is busy, was answered too late
    assert receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result="another's"))


def test_a_run_that_outlasts_its_lease_is_fenced_and_its_outcome_dropped(troubled, child_on, caplog):
    child = child_on(troubled, lease=0.2)
    child.send("m")
    child.deeds.append(lambda: taken_by_another(child, 0.2))
    child.work_off("m")
    assert child.runs == ["m"]
    assert child.direct.outcomes.get("m").result == "another's"
    assert [line for line in caplog.messages if "the lease was lost during the run; the outcome is dropped" in line]


def test_a_claim_that_is_answered_after_its_lease_has_ended_begins_nothing(troubled, child_on):
    child = child_on(troubled, lease=0.2)
    late = iter([True])

    def claim(claim, *args, **named):
        taken = claim(*args, **named)
        if taken and next(late, False):
            taken_by_another(child, 0.2)
        return taken

    child.receiver = Wrapped(child.receiver, "claim", claim)
    child.send("m")
    child.work_off("m")
    child.send("next")
    child.work_off("next")
    assert child.runs == ["next"]
    assert child.direct.outcomes.get("m").result == "another's"


def killed_at(point, child):
    """Let a fork of this process work, which dies at this point of a message's life."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        if point == "in the run":
            child.deeds.append(die)
        elif point == "claimed":
            child.receiver = Wrapped(child.receiver, "claim", lambda own, *args, **named: own(*args, **named) and die())
        elif point == "run":
            child.receiver = Wrapped(child.receiver, "begin_settle", die)
        else:
            # It is not held: that it is settled is what is waited for.
            child.receiver = Wrapped(child.receiver, "begin_settle", lambda own, *args, **_: own(*args)() and die())
        child.work(lambda: False, 10)
    finally:
        os._exit(1)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize(("point", "runs"), [("claimed", 1), ("in the run", 2), ("run", 2), ("settled", 1)])
def test_a_child_killed_at_a_point_of_a_messages_life_costs_one_more_run_at_most(troubled, child_on, point, runs):
    child = child_on(troubled)
    child.send("m")
    child.direct.close()
    child.broker.close()
    assert killed_at(point, child) == -SIGKILL
    # As its supervisor does.
    assert child.direct.keeper.release(child.owner, penalty=True) == (point != "settled")
    child.work_off("m")
    assert child.runs == ["m"] * runs
    assert child.state("m") == "SUCCESS"


def test_what_has_expired_in_its_queue_in_its_delay_or_before_its_retry_is_not_run(troubled, child_on):
    child = child_on(troubled)
    now = child.clock.now()
    child.send("in the queue", expires=now - SECOND)
    child.send("in the delay", eta=now + SECOND // 5, expires=now + SECOND // 10)
    child.send("before its retry", expires=now + SECOND)

    def fail():
        time.sleep(0.9)
        raise ValueError  # to be tried again 0.2 s later

    child.deeds.append(fail)
    ids = ("in the queue", "in the delay", "before its retry")
    child.work_off(*ids)
    assert child.runs == ["before its retry"]
    assert {child.direct.outcomes.get(id_).reason for id_ in ids} == {"expired"}
    assert {child.state(id_) for id_ in ids} == {"REVOKED"}


def locked(store):
    """Hold what a settlement needs; return what lets go of it."""
    if store.driver == "sqlite":
        holder = sqlite3.connect(store.database, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
    else:
        holder = psycopg.connect(POSTGRES, options=f"-c search_path={store.schema}")
        holder.execute("LOCK TABLE beatd_messages IN EXCLUSIVE MODE")
    return holder.close


@pytest.mark.parametrize("driver", ["sqlite", "postgresql"])
def test_a_settlement_that_finds_the_store_locked_for_seconds_is_made_when_it_is_free(troubled_on, child_on, driver):
    store = troubled_on(driver)
    child = child_on(store, patience=0.5)
    warm(child)
    child.send("m")
    child.deeds.append(lambda: threading.Timer(2.5, locked(store)).start())
    child.work_off("m")
    assert child.runs == ["first", "m"]
    assert child.state("m") == "SUCCESS"


def test_a_settlement_that_is_the_victim_of_a_deadlock_is_made_again(troubled_on, child_on):
    store = troubled_on("postgresql")
    child = child_on(store, patience=20)
    warm(child)
    child.send("m")
    # It looks for deadlocks an hour later than the child's session does.
    with closing(psycopg.connect(POSTGRES, options=f"-c search_path={store.schema} -c deadlock_timeout=1h")) as holder:

        def entangle():
            # The settlement has the message when it wants the result, whose holder then wants the message.
            holder.execute("LOCK TABLE beatd_results IN EXCLUSIVE MODE")
            threading.Timer(0.5, finish).start()

        def finish():
            holder.execute("LOCK TABLE beatd_messages IN EXCLUSIVE MODE")
            holder.commit()

        child.deeds.append(entangle)
        began = time.monotonic()
        child.work_off("m")
        assert 1 < time.monotonic() - began < 10
    assert child.runs == ["first", "m"]
    assert child.state("m") == "SUCCESS"


def test_a_server_that_is_restarted_during_a_run_is_told_of_its_end_afterwards(postgres_server, tmp_path):
    child = OneChild(tmp_path, postgres_server.url, postgres_server.url)
    try:
        child.send("m")
        child.deeds.append(lambda: (postgres_server.stop(), threading.Timer(0.5, postgres_server.start).start()))
        child.work(lambda: child.runs and postgres_server_is_back(postgres_server) and child.has_ended("m"))
        assert child.runs == ["m"]
        assert child.state("m") == "SUCCESS"
    finally:
        child.close()


def postgres_server_is_back(server):
    try:
        server.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def test_scripts_that_are_flushed_all_the_while_cost_no_run(troubled_on, child_on):
    store = troubled_on("redis")
    child = child_on(store)
    ids = [f"m{number}" for number in range(200)]
    for id_ in ids:
        child.send(id_)
    over = threading.Event()

    def flush():
        while not over.wait(0.002):
            store.redis("SCRIPT", "FLUSH")

    flushing = threading.Thread(target=flush)
    flushing.start()
    try:
        child.work_off(*ids)
    finally:
        over.set()
        flushing.join()
    assert sorted(child.runs) == sorted(ids)
    assert {child.state(id_) for id_ in ids} == {"SUCCESS"}


def test_a_server_that_is_made_a_replica_during_a_run_is_told_of_its_end_when_it_is_the_primary_again(
    troubled_on, child_on
):
    store = troubled_on("redis")
    child = child_on(store)
    warm(child)
    child.send("m")

    def demote():
        store.redis("REPLICAOF", "127.0.0.1", free_port())
        threading.Timer(1.5, partial(store.redis, "REPLICAOF", "NO", "ONE")).start()

    child.deeds.append(demote)
    child.work_off("m")
    assert child.runs == ["first", "m"]
    assert child.state("m") == "SUCCESS"


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.WARNING, logger="beatd.worker")
