"""Workers that are killed, stopped and cut off at random, on brokers that fare no better, and judged."""

import random
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.faults.nemesis import PROXIED, Act, Nemesis, Story, Terms
from tests.faults.stores import DRIVERS, open_store
from tests.faults.worker.farm import Farm
from tests.faults.worker.judge import Allowance, judge
from tests.faults.worker.worker import CHILDREN, LEASE

ATTACKED = DRIVERS
PROCESSES = ("kill", "kill supervisor", "kill worker's child", "stop", "stop supervisor", "stop worker's child")
FAULTS = {"processes": (*PROCESSES, *PROCESSES, "restart"), "all": None}
HELD, UNHEARD = 16, 32
"""How many settlements a child may hold until the next claim, and how many it may have under way."""


def allowance(acts: Sequence[Act], workers: int) -> Allowance:
    """Return what these acts explain.

    A run that nobody asked for is one whose former run's settlement did not count: its process was killed in the run or
    after it, or its lease ended before the settlement arrived.

    - A child that is killed, or stopped beyond its lease (also where only its supervisor is, who renews it), is in one
      run at most: what it settled before has been sent.
    - A child that is cut off from the broker, or whose broker is away, is in one run, and where settlements are sent
      without waiting the broker may not have those under way: ``UNHEARD`` more. The same where a killed process leaves
      them in the hands of a connection that is cut in the same moment; that act is in the list, too.
    - What is held is in the worker's own memory: it goes with the whole worker, and is settled by the supervisor where
      that lives.

    A stop may come between the last look at the lease and a task's first line, once in each child that is stopped: that
    run begins when the message may have run elsewhere, and have ended.
    """
    repeats = late = 0
    for act in acts:
        if act.kind.startswith(("server", "locked")):
            repeats += workers * CHILDREN * (1 + UNHEARD)
        elif act.kind in PROXIED:
            repeats += CHILDREN * (1 + UNHEARD)
        elif act.kind.endswith("child"):
            repeats += 1 + act.kind.startswith("stop") * (CHILDREN - 1)
        else:
            repeats += CHILDREN * (1 + HELD)
        late += CHILDREN * act.kind.startswith("stop")
    return Allowance(repeats, late)


def disturb_workers(driver: str, folder: Path, terms: Terms, *, workers: int = 2) -> Story:
    """Send to workers on the broker of a driver, disturb both, and judge."""
    dice = random.Random(terms.seed)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(driver, folder, workers))
        farm = Farm(folder, store, workers=workers, rate=terms.rate, seed=terms.seed)
        stack.callback(farm.end)
        every = (*PROCESSES, "restart", *store.disturbances, *(PROXIED if store.proxies else ()))
        acts = terms.plan(dice, every, workers, LEASE)
        farm.start()
        Nemesis(farm, dice, LEASE).attack(acts, terms.say)
        account = farm.stop()
        verdict = judge(farm.sent, farm.traces, account, allowance(acts, workers))
        return Story(terms.seed, acts, verdict, farm.lines_with("Traceback"), farm.logs())
