"""The judge of workers: compares what was sent with what ran and with how it ended, and shares no code with beatd.

The senders' lines say what was sent, the tasks' own lines what ran, the broker's tables and keys how it ended.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.faults.worker.account import Account

ENDS = {
    "noop": {"done"},
    "nap": {"done"},
    "later": {"done"},
    "fails": {"failed"},
    "retries": {"done"},
    "stubborn": {"given up"},
    "expiring": {"done", "expired"},
    "expiring later": {"done", "expired"},
    "revoked": {"done", "revoked"},
    "dies": {"done"},
    "poison": {"dead"},
}
"""How messages of each kind may end."""
DEADLY = {"dies", "poison"}
"""Kinds that end their own process, and so run again however quiet it is."""


class Line(NamedTuple):
    """What a task wrote: "begin" or "end" of a run; ``moment`` in microseconds, ``retries`` of those asked for."""

    moment: int
    what: str
    retries: int


class Allowance(NamedTuple):
    """What at-least-once may cost: runs that were not asked for, and runs that begin after their message's end."""

    repeats: int = 0
    late: int = 0


@dataclass
class Verdict:
    """What was counted and found. ``unknown``: sent, not answered for, and not in the broker."""

    allowance: Allowance
    sent: int = 0
    unknown: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    repeats: int = 0
    late: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is as it must not be."""
        return not self.problems

    def __str__(self) -> str:
        ended = ", ".join(f"{count} {word}" for word, count in sorted(self.ends.items()))
        told = f"{self.sent} sent, of which {self.unknown} never arrived; {ended}; {self.runs} runs"
        beyond = (
            f"{self.repeats} not asked for, of {self.allowance.repeats} allowed; "
            f"{self.late} after their end, of {self.allowance.late} allowed"
        )
        return "\n".join([f"{told}, {beyond}", *(f"  {each}" for each in self.problems[:40])])


def judge(sent: Path, traces: Path, account: Account, allowance: Allowance) -> Verdict:
    """Compare what was sent and ran with the broker's account, which is to be of a time when all was quiet."""
    found = Verdict(allowance)
    kinds, answered = _read_sent(sent)
    runs = _read_traces(traces)
    found.sent = len(kinds)
    found.problems += [f"{id_} never ended: {stands}" for id_, stands in account.waiting.items()]
    strangers = {*account.ends, *account.waiting, *runs} - {*kinds}
    found.problems += [f"{id_} was sent by nobody" for id_ in sorted(strangers)]
    for id_, kind in kinds.items():
        _judge_one(id_, kind, runs.get(id_, []), account, found, is_answered=id_ in answered)
    if found.repeats > allowance.repeats:
        found.problems.append("more runs than were asked for and what was done to workers explains")
    if found.late > allowance.late:
        found.problems.append("more runs after their message's end than stops explain")
    return found


def _read_sent(file: Path) -> tuple[dict[str, str], set[str]]:
    """Return the kind of each id, and the ids that the broker has answered for."""
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    return {id_: kind for id_, kind, _ in lines}, {id_ for id_, _, what in lines if what == "answered"}


def _read_traces(file: Path) -> dict[str, list[Line]]:
    runs: dict[str, list[Line]] = {}
    for line in file.read_text().splitlines():
        moment, id_, what, retries, _ = line.split("\t")
        runs.setdefault(id_, []).append(Line(int(moment), what, int(retries)))
    return runs


def _judge_one(id_: str, kind: str, lines: list[Line], account: Account, found: Verdict, *, is_answered: bool) -> None:
    begun = [line for line in lines if line.what == "begin"]
    found.runs += len(begun)
    told = f"{id_} ({kind})"
    end = account.ends.get(id_)
    if end is None:
        if id_ in account.waiting:
            return
        found.unknown += 1
        if is_answered or lines:
            found.problems.append(f"{told} is lost")
        return
    word = str(end)
    found.ends[word] += 1
    if word not in ENDS[kind]:
        found.problems.append(f"{told} ended as {word}: {end.reason}")
    if word == "done" and not any(line.what == "end" and line.moment <= end.moment for line in lines):
        found.problems.append(f"{told} is done, and no run of it ended")
    asked = {line.retries for line in begun}
    if asked != {*range(len(asked))}:
        found.problems.append(f"{told} has runs for retries {sorted(asked)} only")
    if kind not in DEADLY:
        found.repeats += len(begun) - len(asked)
    found.late += sum(line.moment > end.moment for line in begun)
