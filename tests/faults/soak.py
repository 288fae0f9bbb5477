"""``python -m tests.faults.soak DRIVER MINUTES``: disturb three schedulers for long, at a rate, and say what held."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.faults.nemesis import PROCESSES, Story, Terms, disturb
from tests.faults.stores import ATTACKED

# Of what is done to processes each twice as often as an edit.
FAULTS = {"processes": (*PROCESSES, *PROCESSES, "edit"), "all": None}


class Progress:
    """Prints what is done, and how many messages have come."""

    def __init__(self, traces: Path) -> None:
        self._traces, self._read, self._count = traces, 0, 0
        self._began = time.monotonic()

    def __call__(self, said: str) -> None:
        with self._traces.open("rb") as file:
            file.seek(self._read)
            news = file.read()
        self._read += len(news)
        self._count += news.count(b"\n")
        _say(f"{time.monotonic() - self._began:7.1f} s {self._count:9} messages  {said}")


def main(
    attack: Callable[[str, Path, Terms], Story],
    drivers: Sequence[str],
    doc: str | None,
    *,
    faults: Mapping[str, Sequence[str] | None] = FAULTS,
    of: str = "fires",
) -> int:
    """Soak, print the verdict, and keep the traces and logs where it does not hold.

    ``faults``: kinds of acts by a word for them, "processes" being one; ``of``: what the rate counts.
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("driver", choices=drivers)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--rate", type=int, default=1000, help=f"{of} a second")
    parser.add_argument("--each", type=float, default=3.0, help="seconds from one disturbance to the next")
    parser.add_argument("--faults", choices=faults, default="processes", help="what is disturbed")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32), help="of a former run")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="beatd-soak-"))
    _say(f"{given.driver}, {given.minutes:g} minutes at {given.rate} {of}/s, seed {given.seed}")
    began = time.monotonic()
    terms = Terms(
        seed=given.seed,
        seconds=given.minutes * 60,
        rate=given.rate,
        kinds=faults[given.faults],
        each=given.each,
        say=Progress(folder / "traces.txt"),
    )
    story = attack(given.driver, folder, terms)
    outcome = "held" if story.holds else f"DID NOT HOLD; traces and logs are in {folder}"
    _say(f"{story}\n{len(story.acts)} disturbances in {time.monotonic() - began:.0f} s: {outcome}")
    if story.holds:
        shutil.rmtree(folder)
    return 0 if story.holds else 1


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  a command's own output


if __name__ == "__main__":
    sys.exit(main(disturb, ATTACKED, __doc__))
