"""Disturbs a site at random: what it will do follows from a seed alone, and is printed."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import NamedTuple, Protocol

from tests.faults.evidence import read_evidence
from tests.faults.oracle import judge
from tests.faults.site import Run, Runs, Site, steady, tell
from tests.faults.stores import Store, Undo, open_store

LEASE = 6.0
PROCESSES = ("kill", "kill scheduler", "stop", "stop scheduler")
GRACEFUL = ("restart", "edit", "edit", "edit")
# Of the processes of a run, the nearest first, those that a kind of act is meant for; the parent comes first.
MEANT = {"scheduler": slice(1, 2), "child": slice(3, None), "supervisor": slice(1), "worker's child": slice(1, None)}
PROXIED = ("cut", "refuse", "hold", "half-open", "delay", "lose reply", "cut request")
WITH_WORKERS = ("kill", "kill scheduler", "kill child", "edit")


class Act(NamedTuple):
    """At so many seconds, for so many; ``place``: of the scheduler that it befalls."""

    at: float
    kind: str
    place: int
    seconds: float

    @property
    def whom(self) -> object:
        """Whom it befalls: one act at a time."""
        if self.kind.startswith("table"):
            return "table"
        if self.kind.startswith("server") or self.kind == "locked":
            return "store"
        return ("proxy" if self.kind in PROXIED else "run", self.place)

    def __str__(self) -> str:
        return f"{self.at:.1f} {self.kind} #{self.place} for {self.seconds:.1f}"


def plan(
    dice: random.Random, kinds: Sequence[str], *, seconds: float, places: int, each: float, lease: float = LEASE
) -> list[Act]:
    """Return what to do within so many seconds, about one thing ``each`` so many, and every kind once at the least.

    ``lease``: seconds of what a stop is to outlast.
    """
    acts: list[Act] = []
    busy: dict[object, float] = {}  # until when
    pending: list[str] = []
    at = dice.uniform(0.2, each)
    while at < seconds:
        pending = pending or dice.sample(kinds, len(kinds))
        kind = pending.pop()
        lasts = _duration(dice, kind, lease)
        possible = [Act(at, kind, place, lasts) for place in dice.sample(range(places), places)]
        for act in [act for act in possible if busy.get(act.whom, 0) <= at][:1]:
            acts.append(act)
            busy[act.whom] = at + lasts + 1
        at += dice.uniform(0.5 * each, 1.5 * each)
    return acts


def _duration(dice: random.Random, kind: str, lease: float) -> float:
    if kind.startswith("stop"):
        return dice.uniform(lease + 0.5, lease + 3)
    if kind in ("hold", "refuse", "server stopped", "table cut off"):
        return dice.uniform(1, lease + 2)
    return dice.uniform(0, 3)


class Nemesis:
    """Carries out a plan on a site; whatever it has begun is over when it returns, and no lease of the dead lasts."""

    def __init__(self, site: Runs, dice: random.Random, lease: float = LEASE) -> None:
        self._site, self._dice, self._lease = site, dice, lease
        self._undoing: list[tuple[float, int, object, Undo]] = []
        self._order = count()

    def attack(self, acts: Sequence[Act], say: Callable[[str], None] = lambda _: None) -> None:
        began = time.monotonic()
        for act in acts:
            self._undo_until(began + act.at)
            self._sleep_until(began + act.at)
            say(str(act))
            while any(whom == act.whom for _, _, whom, _ in self._undoing):
                self._undo()  # later than planned, because something took its time
            undo = self._begin(act)
            if undo is not None:
                heappush(self._undoing, (time.monotonic() + act.seconds, next(self._order), act.whom, undo))
        self._undo_until(None)
        # Until then entries may be looked after by nobody, and what comes of the others would seem to be all.
        self._sleep_until(time.monotonic() + self._lease + 1)

    def _undo_until(self, moment: float | None) -> None:
        while self._undoing and (moment is None or self._undoing[0][0] <= moment):
            self._undo()

    def _undo(self) -> None:
        due, _, _, undo = heappop(self._undoing)
        self._sleep_until(due)
        undo()

    def _sleep_until(self, moment: float) -> None:
        while (left := moment - time.monotonic()) > 0:
            time.sleep(min(0.25, left))
            self._site.keep()

    def _begin(self, act: Act) -> Undo | None:
        """Do it; return what ends it."""
        run, store = self._site.runs[act.place], self._site.store
        if act.kind == "edit":
            self._site.edit()
            return None
        if act.kind in store.disturbances:
            return store.disturbances[act.kind]()
        if act.kind in PROXIED:
            return _spoil(store, act)
        if act.kind == "kill":
            run.kill()
            return run.start
        if act.kind == "restart":
            run.ask_to_stop()
            return lambda: _start_again(run)
        return self._to_one(act.kind, run)

    def _to_one(self, kind: str, run: Run) -> Undo | None:
        pids = run.pids()
        whom = pids[MEANT.get(kind.partition(" ")[2], slice(None))]
        if kind.startswith("kill"):
            for pid in whom and [self._dice.choice(whom)]:
                tell(pid, SIGKILL)
            return None
        for pid in whom:
            tell(pid, SIGSTOP)
        return lambda: [tell(pid, SIGCONT) for pid in whom] and None


def _spoil(store: Store, act: Act) -> Undo:
    proxy = store.proxies[act.place]
    if act.kind == "delay":
        proxy.delays = (0.05, 0.05)
    elif act.kind == "lose reply":
        proxy.lose_reply()
    elif act.kind == "cut request":
        proxy.cut_request(after=100)
    else:
        {"cut": proxy.cut, "refuse": proxy.refuse, "hold": proxy.hold, "half-open": proxy.half_open}[act.kind]()
    return proxy.heal


def _start_again(run: Run) -> None:
    run.wait()
    run.start()


class Judged(Protocol):
    """What a judge says; as text, what it counted and found."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is as it must not be."""


class Story(NamedTuple):
    """What was done, what came of it, and what else was said."""

    seed: int
    acts: list[Act]
    verdict: Judged
    complaints: list[str]
    logs: str

    @property
    def holds(self) -> bool:
        """Whether the judge found nothing, and no log tells of a mistake."""
        return self.verdict.is_clean and not self.complaints

    def __str__(self) -> str:
        done = ", ".join(map(str, self.acts))
        told = "" if self.holds else "\n".join(["", *self.complaints, self.logs])
        return f"seed {self.seed}: {done}\n{self.verdict}{told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a site is disturbed, for so many ``seconds``; all that is drawn follows from ``seed``.

    ``rate``: what comes a second: messages, or fires of what is not edited; ``kinds``: of acts, all by default;
    ``each``: seconds from one act to the next; ``say`` is told of each.
    """

    seed: int
    seconds: float
    rate: int
    kinds: Sequence[str] | None = None
    each: float = 3.0
    say: Callable[[str], None] = lambda _: None

    def plan(self, dice: random.Random, every: Sequence[str], places: int, lease: float = LEASE) -> list[Act]:
        """Return what to do; ``every``: the kinds that there are."""
        return plan(dice, self.kinds or every, seconds=self.seconds, places=places, each=self.each, lease=lease)


def disturb(driver: str, folder: Path, terms: Terms, *, schedulers: int = 3, workers: int = 0) -> Story:
    """Disturb schedulers on the store of a driver, and judge."""
    dice = random.Random(terms.seed)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(driver, folder, schedulers))
        site = Site(folder, store, dice, schedulers=schedulers, load=steady(terms.rate), workers=workers)
        stack.callback(site.end)
        every = (*PROCESSES, *GRACEFUL, *store.disturbances, *(PROXIED if store.proxies else ()))
        acts = terms.plan(dice, every, schedulers)
        site.start()
        Nemesis(site, dice).attack(acts, terms.say)
        until = site.stop()
        evidence = read_evidence(store.url)
        verdict = judge(evidence, site.traces, looked_after_until=until, may_repeat=bool(workers))
        return Story(terms.seed, acts, verdict, site.complaints(), site.logs())
