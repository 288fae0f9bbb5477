"""The judge of the fault tests finds what is wrong, and only that."""

from uuid import uuid5

import pytest

from tests.faults.evidence import Change, Evidence, Range
from tests.faults.oracle import BEATD, SECOND, SKEW, SLACK, judge
from tests.faults.rules import Rule, rule_of

START = 1_800_000_000 * SECOND
EACH = Rule(SECOND)


class Case:
    """An entry "a" that fires each second; ten fires of it are settled."""

    def __init__(self, folder):
        self.traces = folder / "traces.txt"
        self.evidence = Evidence(START, {"a": [Change(START, EACH, 0)]}, {"a": START + 10 * SECOND}, keeps_all=False)
        self.lines = []

    def fire(self, *seconds, generation=1, edit=0, late=1000):
        for each in seconds:
            moment = START + round(each * SECOND)
            message_id = uuid5(BEATD, f"beatd\n{generation}\n{moment}\na")
            self.lines.append(f"{moment + late}\t{message_id}\t{moment}\ta\t{edit}\n")

    def change(self, second, rule, edit=0):
        self.evidence.changes["a"].append(Change(START + round(second * SECOND), rule, edit))

    def judge(self, **fields):
        self.traces.write_text("".join(self.lines))
        return judge(self.evidence, self.traces, looked_after_until=START + 10 * SECOND, **fields)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_what_fired_once_holds(case):
    case.fire(*range(1, 11))
    verdict = case.judge()
    assert verdict.holds, verdict
    assert (verdict.expected, verdict.traced, verdict.worst) == (10, 10, 1000)


def test_a_fire_that_left_no_trace_is_lost(case):
    case.fire(1, 2, 3, 4, 6, 7, 8, 9, 10)
    assert case.judge().lost == [f"lost: a generation 1 {START + 5 * SECOND}"]


def test_a_fire_on_record_as_not_emitted_is_not_lost_but_counted(case):
    case.fire(1, 2, 3, 7, 8, 9, 10)
    case.evidence.ranges.append(Range("a", 1, "coalesced", START + 4 * SECOND, START + 6 * SECOND))
    verdict = case.judge()
    assert verdict.holds, verdict
    assert verdict.disposed == {"coalesced": 3}


def test_a_fire_that_is_emitted_and_on_record_as_not_is_a_problem(case):
    case.fire(*range(1, 11))
    case.evidence.ranges.append(Range("a", 1, "missed", START + 4 * SECOND, START + 4 * SECOND))
    assert "emitted, and on record as missed" in str(case.judge())


def test_two_messages_of_one_fire_are_a_double(case):
    case.fire(*range(1, 11), 4)
    verdict = case.judge()
    assert len(verdict.doubled) == 1
    assert not verdict.holds


def test_a_task_may_run_again_where_the_record_says_that_it_was_emitted_once(case):
    case.fire(*range(1, 11), 4)
    verdict = case.judge(may_repeat=True)
    assert verdict.holds, verdict
    assert verdict.repeats == 1


def test_a_fire_that_nobody_named_is_a_problem(case):
    case.fire(*range(1, 11), 4.5)
    assert "owned by no version" in str(case.judge())


def test_a_fire_beyond_the_cursor_is_a_problem(case):
    case.fire(*range(1, 12))
    assert "owned by no version" in str(case.judge())


def test_a_message_with_another_id_is_a_problem(case):
    case.fire(*range(1, 10))
    case.fire(10, generation=7)
    assert "an id that no life of the entry has" in str(case.judge())


def test_a_message_before_its_time_is_a_problem(case):
    case.fire(*range(1, 10))
    case.fire(10, late=-SKEW - 1)
    assert "before its time" in str(case.judge())


def test_an_entry_that_nobody_looks_after_any_more_is_a_problem(case):
    case.evidence.cursors["a"] = START + 2 * SECOND
    case.fire(1, 2)
    assert "was looked after until" in str(case.judge())


def test_a_version_owns_the_fires_from_its_change_on(case):
    case.change(5, Rule(2 * SECOND), edit=1)
    case.fire(1, 2, 3, 4, 5)
    case.fire(6, 8, 10, edit=1)
    assert case.judge().holds
    case.fire(7, edit=1)
    assert not case.judge().holds


def test_a_version_that_was_noticed_late_begins_after_the_former_ones_last_fire(case):
    case.change(5, Rule(2 * SECOND), edit=1)
    case.fire(1, 2, 3, 4, 5, 6, 7)
    case.fire(8, 10, edit=1)
    verdict = case.judge()
    assert verdict.holds, verdict


def test_a_version_that_goes_on_for_long_is_a_problem(case):
    case.evidence.cursors["a"] = START + 20 * SECOND
    case.change(5, Rule(2 * SECOND), edit=1)
    after = 5 + SLACK // SECOND
    case.fire(*range(1, after + 3))
    case.fire(*range(after + 3 + (after + 3) % 2, 21, 2), edit=1)
    assert not case.judge().holds


def test_a_fire_by_a_former_definition_is_a_problem(case):
    case.change(5, EACH, edit=1)
    case.fire(1, 2, 3, 4, 5, 7)
    case.fire(6, 8, 9, 10, edit=1)
    assert "by a former definition" in str(case.judge())


def test_a_name_that_comes_back_is_another_life(case):
    case.change(3.5, None)
    case.change(6.5, EACH)
    case.fire(1, 2, 3)
    case.fire(7, 8, 9, 10, generation=2)
    verdict = case.judge()
    assert verdict.holds, verdict
    case.fire(5)
    assert not case.judge().holds


def test_what_the_store_says_is_compared_with_what_came(case):
    case.fire(*range(1, 11))
    case.evidence.keeps_all = True
    fires = {str(number): ("a", 1, START + number * SECOND) for number in (*range(1, 10), 11)}
    case.evidence.on_record = fires
    told = str(case.judge())
    assert "on record as emitted, never seen: ('a', 1, 1800000011000000)" in told
    assert "seen, not on record as emitted: ('a', 1, 1800000010000000)" in told


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("every 200ms", Rule(SECOND // 5)),
        ("every 1h offset 36ms", Rule(3600 * SECOND, 36_000)),
        ("every 1m30s offset 1s8ms", Rule(90 * SECOND, 1_008_000)),
        ("* * * * * *", Rule(SECOND)),
        ("*/20 * * * * *", Rule(20 * SECOND)),
    ],
)
def test_a_rule_is_read_from_its_text(text, rule):
    assert rule_of(text) == rule


def test_a_rule_names_what_is_after_the_one_moment_and_not_after_the_other():
    assert list(Rule(10, 3).fires(3, 33)) == [13, 23, 33]
    assert list(Rule(10, 3).fires(2, 12)) == [3]
    assert list(Rule(10).fires(0, 9)) == []
