"""Whatever is written: it is read or refused in our own words, soon; and what is read can be asked."""

import os
import sys
from itertools import islice

import pytest

from tests.schedules.fuzzing.fuzz import CORPUS, as_line, corpus, inputs, read_line, run, shape, shapes_of
from tests.schedules.fuzzing.judge import Found, judge, minimised, warm_up


@pytest.fixture(scope="module", autouse=True)
def warm():
    warm_up()


@pytest.mark.parametrize("kind", ["schedule", "exclude"])
def test_every_text_of_the_corpus_is_treated_as_it_should_be(kind):
    for text in corpus():
        judge(kind, text, {})
        judge(kind, text, {"timezone": "Europe/Paris", "gap": "skip", "fold": "both", "starts_at": 7, "name": "x"})


def test_the_corpus_knows_what_is_taken_and_what_is_not():
    for name, begins in (("accepted.txt", "accepted"), ("refused.txt", "refused")):
        for line in (CORPUS / name).read_text().splitlines():
            kind = "exclude" if begins == "accepted" and line.startswith(("dates", "calendar")) else "schedule"
            assert judge(kind, read_line(line), {}).startswith(begins), line


def test_so_is_what_is_made_and_bent():
    accepted = 0
    for kind, text, terms in islice(inputs(20261121, corpus()), 4000):
        accepted += judge(kind, text, terms).startswith("accepted")
    assert 250 < accepted < 3600


@pytest.mark.slow
def test_so_is_whatever_comes_to_mind_in_a_minute():
    # One seed, so that a change is judged and not luck; `make soak` goes on with others.
    seed = int(os.environ.get("FUZZ_SEED", "20261121"))
    seconds = float(os.environ.get("FUZZ_SECONDS", "60"))
    sys.stdout.write(f"FUZZ_SEED={seed} FUZZ_SECONDS={seconds:g}\n")
    known = corpus()
    try:
        shapes = shapes_of(known)
        tried, accepted = run(seed, seconds, known, shapes, keep=False)
    except Found as found:
        pytest.fail(f"seed {seed}: {minimised(found)}")
    assert tried > 50 * seconds
    assert accepted > tried / 20


def test_a_seed_names_its_inputs():
    first, again, other = (list(islice(inputs(seed, ["every 5m"]), 200)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_line_of_the_corpus_holds_any_text():
    for text in ("0 8 * * *", "a\nb", "\0\ud800", "é\\n", "'\"\\"):
        assert read_line(as_line(text)) == text
        assert as_line(text).isascii()
        assert "\n" not in as_line(text)


def test_a_failure_is_told_and_brought_down_to_what_it_needs(monkeypatch):
    def reads_badly(text, _terms):
        if "#" in text:
            raise KeyError(text)
        raise RuntimeError

    monkeypatch.setitem(judge.__globals__["READ"], "bad", reads_badly)
    with pytest.raises(Found) as caught:
        judge("bad", "every 5m # and then some more", {})
    assert minimised(caught.value).text == "#"


def test_shapes_differ_by_what_is_said_and_not_by_what_it_is_said_of():
    assert shape("refused: minute '70' is out of range 0-59") == shape("refused: minute '99' is out of range 0-59")
    assert shape("accepted: 0 8 * * mon") == shape("accepted: 10 9 * * fri")
    assert shape("accepted: 0 8 * * mon") != shape("accepted: 0 8 * * *")
