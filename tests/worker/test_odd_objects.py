"""Objects of the user's own that raise while they are told of, and text that no store takes."""

from contextlib import suppress
from datetime import datetime, tzinfo

import msgspec
import pytest

from beatd.core.registry import TaskOptions
from beatd.core.states import State, Verdict
from beatd.errors import Retry
from beatd.worker.outcome import Run, failed, raised
from beatd.worker.runner import Runner

TEXT = "bad file " + b"\xff.txt".decode(errors="surrogateescape") + " a\x00b"
SHOWN = "bad file \\udcff.txt a\\x00b"


def rude(*_):
    raise RuntimeError("rude")


def exits(*_):
    raise SystemExit(3)


def interrupts(*_):
    raise KeyboardInterrupt


class Zone(tzinfo):
    utcoffset = rude


class Number(int):
    pass


class Share(float):
    pass


class Word(str):
    __slots__ = ()
    __str__ = __repr__ = rude


def kind(base, **members):
    return type("Odd", (base,), members)


@pytest.fixture
def run(registry, delivery, clock):
    """Run a function as a task; return its outcome, which every store must be able to take."""

    def go(function, **options):
        runner = Runner(registry(function, **options), [], clock, worker="w/1", draw=lambda: 1.0)
        call, outcome = runner.read(delivery("shop.add")), None
        # Not left to pytest, which could not show what such an object is.
        with suppress(BaseException):
            outcome = runner.run(call, clock.now())
        assert outcome is not None, "something came out of the run"
        assert "\0" not in f"{outcome.reason}{outcome.traceback}{outcome.result}"
        for each in (outcome.reason, outcome.traceback or ""):
            each.encode()
        msgspec.json.encode(outcome.result)
        return outcome

    return go


def raising(error):
    def fail():
        raise error

    return fail


def test_text_that_cannot_be_stored_is_shown_escaped(run):
    error = ValueError(TEXT)
    error.add_note(TEXT)
    outcome = run(raising(error))
    assert outcome.reason == f"ValueError: {SHOWN}"
    assert outcome.result == {"exc_type": "ValueError", "exc_message": [SHOWN], "exc_module": "builtins"}
    assert outcome.traceback.endswith(f"ValueError: {SHOWN}\n{SHOWN}\n")
    assert run(raising(ValueError(TEXT, 1))).result["exc_message"][0].startswith("('bad file \\udcff")


@pytest.mark.parametrize("how", [rude, exits, interrupts])
def test_an_exception_whose_text_cannot_be_read_is_told_with_its_traceback(run, how):
    for members in ({"__str__": how}, {"__repr__": how, "__str__": how}):
        outcome = run(raising(kind(ValueError, **members)("x")))
        assert (outcome.result["exc_type"], outcome.result["exc_message"]) == ("Odd", ["(its text cannot be read)"])
        assert outcome.reason == "Odd: (its text cannot be read)"
        assert "in fail" in outcome.traceback


@pytest.mark.parametrize("name", ["__bool__", "__len__", "__eq__", "__hash__"])
def test_an_exception_with_an_odd_method_is_told_as_any_other(run, name):
    outcome = run(raising(kind(ValueError, **{name: rude})("no stock")))
    assert outcome.reason == "Odd: no stock"
    assert "in fail" in outcome.traceback


def test_an_exception_whose_notes_cannot_be_read_is_told_without_them(run):
    outcome = run(raising(kind(ValueError, __notes__=property(rude))("no stock")))
    assert outcome.reason == "Odd: no stock"
    assert "in fail" in outcome.traceback
    assert "Odd: no stock" in outcome.traceback


@pytest.mark.parametrize(
    "make",
    [
        lambda: Number(3),
        lambda: Share(0.5),
        lambda: 10**5000,
        kind(list, __repr__=exits),
        lambda: datetime(2026, 1, 1, tzinfo=Zone()),
        lambda: Word("x"),
    ],
    ids=["int", "float", "huge", "list", "datetime", "str"],
)
def test_an_exception_about_an_odd_value_is_told_all_the_same(run, make):
    assert run(raising(ValueError(make()))).result["exc_type"] == "ValueError"
    assert run(raising(ValueError("no", make()))).result["exc_type"] == "ValueError"


@pytest.mark.parametrize("name", ["__class__", "__traceback__", "with_traceback"])
def test_an_exception_that_cannot_be_looked_at_is_a_failure_in_words(run, name):
    told = []
    error = kind(ValueError, **{name: property(rude)})("x")
    outcome = run(raising(error), on_failure=lambda *given: told.append(given))
    assert (outcome.state, outcome.verdict) == (State.FAILURE, Verdict.DONE)
    assert outcome.reason == "NotSerializableError: the task raised Odd, which could not be read: RuntimeError: rude"
    assert "in rude" in outcome.traceback
    assert len(told) == 1


def test_a_retry_without_end_is_a_failure_in_words(run):
    outcome = run(raising(Retry(countdown=float("inf"))))
    assert outcome.reason.startswith("NotSerializableError: the task raised Retry, which could not be read: Overflow")


def test_an_exception_that_is_hard_to_tell_is_retried_all_the_same():
    error = kind(ValueError, __notes__=property(rude), __str__=exits)()
    options = TaskOptions(autoretry_for=(ValueError,))
    run = Run(worker="w/1", started_at=0, finished_at=1)
    assert raised(run, options, error).verdict is Verdict.RETRY
    assert failed(run, error).reason == "Odd: (its text cannot be read)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: kind(dict, items=rude)(a=1),
        lambda: kind(list, __iter__=rude)([1]),
        lambda: datetime(2026, 1, 1, tzinfo=Zone()),
        kind(object, __class__=property(rude)),
        lambda: kind(dict, items=exits)(a=1),
        lambda: {"deep": [kind(list, __iter__=interrupts)([1])]},
    ],
    ids=["items", "iter", "utcoffset", "class", "exits", "deep"],
)
def test_a_result_that_raises_while_it_is_read_is_a_failure_in_words(run, make):
    outcome = run(make)
    assert (outcome.state, outcome.result["exc_type"]) == (State.FAILURE, "NotSerializableError")
    assert outcome.reason.startswith(
        f"NotSerializableError: the task returned {type(make()).__name__}, which could not be read: "
    )
    assert "in rude" in outcome.traceback or "SystemExit" in outcome.reason or "KeyboardInterrupt" in outcome.reason
