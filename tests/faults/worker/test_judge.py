"""The judge of workers finds what is wrong: each test makes one thing so."""

import pytest

from tests.faults.worker.account import Account, End
from tests.faults.worker.judge import Allowance, judge

DONE = End("SUCCESS", "", 200, is_dead=False)
NONE = Allowance()


@pytest.fixture
def verdict(tmp_path):
    """Judge messages: (kind, answered, moments and retries of the runs that began, the end)."""

    def found(*messages, allowance=NONE, waiting=(), strangers=()):
        sent, traces = tmp_path / "sent.txt", tmp_path / "traces.txt"
        lines, runs, account = [], [], Account(waiting=dict.fromkeys(waiting, "claimed"))
        for number, (kind, answered, begun, end) in enumerate(messages):
            lines += [f"m{number}\t{kind}\tsent\n"] + [f"m{number}\t{kind}\tanswered\n"] * answered
            for moment, retries in begun:
                runs += [f"{moment}\tm{number}\t{what}\t{retries}\t1\n" for what in ("begin", "end")]
            if end is not None:
                account.ends[f"m{number}"] = end
        account.ends.update(dict.fromkeys(strangers, DONE))
        sent.write_text("".join(lines))
        traces.write_text("".join(runs))
        return judge(sent, traces, account, allowance)

    return found


def test_what_ends_as_it_is_meant_to_is_clean(verdict):
    found = verdict(
        ("noop", True, [(100, 0)], DONE),
        ("fails", True, [(100, 0)], End("FAILURE", "LookupError", 200, is_dead=False)),
        ("stubborn", True, [(100, 0), (120, 1)], End("FAILURE", "all 3 retries used", 200, is_dead=True)),
        ("expiring", True, [], End("REVOKED", "expired", 200, is_dead=False)),
        ("poison", True, [(100, 0)] * 5, End("FAILURE", "delivered 5 times", 200, is_dead=True)),
        ("nap", False, [], None),
    )
    assert found.is_clean
    assert (found.sent, found.unknown, found.runs, found.repeats) == (6, 1, 9, 0)


def test_a_message_that_was_answered_for_and_is_nowhere_is_lost(verdict):
    assert verdict(("noop", True, [], None)).problems == ["m0 (noop) is lost"]


def test_a_message_that_ran_and_has_no_end_is_lost(verdict):
    assert verdict(("noop", False, [(100, 0)], None)).problems == ["m0 (noop) is lost"]


def test_a_message_that_never_ends_is_told(verdict):
    assert verdict(("noop", True, [], None), waiting=["m0"]).problems == ["m0 never ended: claimed"]


def test_another_end_than_the_kind_has_is_told(verdict):
    (problem,) = verdict(("noop", True, [(100, 0)], End("REVOKED", "revoked", 200, is_dead=False))).problems
    assert problem.startswith("m0 (noop) ended as revoked")


def test_done_without_a_run_is_told(verdict):
    assert verdict(("noop", True, [], DONE)).problems == ["m0 (noop) is done, and no run of it ended"]
    assert verdict(("noop", True, [(300, 0)], DONE), allowance=Allowance(late=1)).problems


def test_a_message_of_nobodys_is_told(verdict):
    assert verdict(strangers=["x"]).problems == ["x was sent by nobody"]


def test_runs_beyond_those_asked_for_are_allowed_up_to_a_number(verdict):
    twice = ("noop", True, [(100, 0), (110, 0)], DONE)
    assert verdict(twice, allowance=Allowance(repeats=1)).is_clean
    assert not verdict(twice).is_clean


def test_retries_are_not_repeats_and_none_may_be_left_out(verdict):
    assert verdict(("retries", True, [(100, 0), (110, 1)], DONE)).repeats == 0
    (problem,) = verdict(("retries", True, [(100, 0), (110, 2)], DONE)).problems
    assert problem == "m0 (retries) has runs for retries [0, 2] only"


def test_a_run_that_begins_after_the_end_is_told(verdict):
    late = ("noop", True, [(100, 0), (250, 0)], DONE)
    assert not verdict(late, allowance=Allowance(repeats=1)).is_clean
    assert verdict(late, allowance=Allowance(repeats=1, late=1)).is_clean
