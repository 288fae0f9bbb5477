"""A fuzzer of schedule texts: what is made by the grammar, what is bent out of that and of a corpus, and plain noise.

``python -m tests.schedules.fuzzing.fuzz MINUTES`` runs it for that long and keeps in the corpus what taught it more.
"""

import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.schedules.fuzzing.bends import bent
from tests.schedules.fuzzing.judge import Found, judge, minimised, warm_up
from tests.schedules.fuzzing.texts import terms_of, text_of

CORPUS = Path(__file__).with_name("corpus")
KEPT = CORPUS / "kept.txt"
FAILED = CORPUS / "failed.txt"
LONGEST_KEPT = 160
MOST_KEPT = 100


def corpus() -> list[str]:
    """Return every text of the corpus: one a line, what is not printable as in a Python literal."""
    lines = [line for path in sorted(CORPUS.glob("*.txt")) for line in path.read_text().splitlines()]
    return [read_line(line) for line in lines if line]


def read_line(line: str) -> str:
    """Return the text of a line of the corpus."""
    return line.encode("ascii").decode("unicode_escape")


def as_line(text: str) -> str:
    """Return a text as a line of the corpus."""
    return text.encode("unicode_escape").decode("ascii")


def inputs(seed: int, texts: list[str]) -> Iterator[tuple[str, str, dict]]:
    """Yield what to read a text as ("schedule" or "exclude"), the text, and its terms: endless, the same for a seed."""
    draw = random.Random(seed)
    texts = list(texts)
    while True:
        made = text_of(draw) if draw.random() < 0.3 else draw.choice(texts)
        text = made if draw.random() < 0.1 else bent(draw, made, texts)
        yield draw.choices(["schedule", "exclude"], [3, 1])[0], text, terms_of(draw)


def shapes_of(texts: list[str]) -> set[str]:
    """Return the shapes of the answers that these texts get. Raises Found."""
    warm_up()
    return {shape(judge(kind, text, {})) for text in texts for kind in ("schedule", "exclude")}


def run(seed: int, seconds: float, known: list[str], shapes: set[str], *, keep: bool) -> tuple[int, int]:
    """Fuzz for so long; return the number of inputs and of those accepted. Raises Found.

    ``known`` texts and ``shapes`` grow by what is new.
    """
    tried = accepted = kept = 0
    end = time.monotonic() + seconds
    for kind, text, terms in inputs(seed, known):
        if time.monotonic() > end:
            break
        said = judge(kind, text, terms)
        tried, accepted = tried + 1, accepted + said.startswith("accepted")
        new = shape(said)
        if new not in shapes:
            shapes.add(new)
            if keep and len(text) <= LONGEST_KEPT and kept < MOST_KEPT:
                kept += 1
                known.append(text)
                with KEPT.open("a") as file:
                    file.write(as_line(text) + "\n")
    return tried, accepted


def shape(said: str) -> str:
    """Return an answer without what is special to one text: quoted parts, names, numbers."""
    said = re.sub(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"", "'…'", said)
    said = re.sub(r"\b(sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b", "name", said)
    return re.sub(r"[0-9]+(,[0-9]+)*", "9", said)[:120]


def main(minutes: float) -> int:
    """Fuzz with one seed after the other until the time is over; write down what fails, and exit 1 if anything did."""
    end, failed, known = time.monotonic() + minutes * 60, 0, corpus()
    shapes = shapes_of(known)
    while (left := end - time.monotonic()) > 0 and failed < 20:
        seed = random.SystemRandom().getrandbits(32)
        try:
            tried, accepted = run(seed, min(left, 60), known, shapes, keep=True)
        except Found as found:
            small = minimised(found)
            failed += 1
            _tell(f"seed {seed}: {small}")
            with FAILED.open("a") as file:
                file.write(as_line(small.text) + "\n")
        else:
            told = f"seed {seed}: {tried} inputs, {accepted} accepted, {len(shapes)} shapes"
            _tell(f"{told}; {max(0, left - 60) / 60:.1f} minutes left")
    return 1 if failed else 0


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
