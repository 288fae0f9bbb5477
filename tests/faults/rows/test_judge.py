"""The judge of edited rows finds what is wrong, and only that."""

import random
from itertools import pairwise

import pytest

from tests.faults.evidence import Evidence, Range
from tests.faults.oracle import message_id_of
from tests.faults.rows.diary import Calendar, Committed, Diary, Version
from tests.faults.rows.judge import judge_rows
from tests.faults.rows.table import Row
from tests.faults.rules import SECOND, rule_of

START = 1_800_000_000 * SECOND


class Case:
    """A row that fires each second for ten; ``edit``: the number of its first version, of generation 7."""

    def __init__(self, folder):
        self.traces = folder / "traces.txt"
        self.diary, self.ranges, self.lines = Diary(), [], []
        self.change(0, edit=1)

    def change(self, second, *, edit=None, schedule="every 1s", generation=7, committed=None, **fields):
        moment = START + round(second * SECOND)
        row = Row("a", generation, moment, schedule, edit=edit, **fields)
        by = moment if committed is None else START + round(committed * SECOND)
        self.diary.commits.append(Committed(by, [row], []))

    def calendar(self, second, is_closed):
        moment = START + round(second * SECOND)
        self.diary.commits.append(Committed(moment, [], [Calendar("office", moment, is_closed)]))

    def fire(self, *seconds, edit=1, generation=7, late=1000):
        for each in seconds:
            fire = START + round(each * SECOND)
            self.lines.append(f"{fire + late}\t{message_id_of('a', generation, fire)}\t{fire}\ta\t{edit}\n")

    def judge(self, cursor=10):
        evidence = Evidence(START, cursors={"a": START + cursor * SECOND}, ranges=self.ranges, keeps_all=False)
        self.traces.write_text("".join(self.lines))
        return judge_rows(
            self.diary.lines(), evidence, self.traces, looked_after_until=START + 10 * SECOND, noticed=3 * SECOND
        )


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_what_each_version_owns_fires_once(case):
    case.change(4.5, edit=2, schedule="every 2s")
    case.fire(1, 2, 3, 4)
    case.fire(6, 8, 10, edit=2)
    verdict = case.judge()
    assert verdict.holds, verdict
    assert (verdict.expected, verdict.traced) == (7, 7)


def test_a_version_that_is_noticed_late_begins_after_the_last_fire_of_the_former(case):
    case.change(4.5, edit=2, committed=6.5)
    case.fire(1, 2, 3, 4, 5, 6, 7)
    case.fire(8, 9, 10, edit=2)
    assert case.judge().holds


def test_a_version_may_not_be_noticed_as_late_as_it_likes(case):
    case.change(4.5, edit=2, schedule="every 2s")
    case.fire(1, 2, 3, 4, 5, 6, 7, 8, 9)
    case.fire(10, edit=2)
    assert "owned by no version" in str(case.judge())


def test_what_a_version_that_is_noticed_late_does_not_take_up_is_lost(case):
    case.change(4.5, edit=2, committed=6.5)
    case.fire(1, 2, 3, 4, 5)
    case.fire(7, 8, 9, 10, edit=2)
    assert case.judge().lost == [f"lost: a {START + 6 * SECOND} of 7"]


def test_two_versions_of_one_moment_of_fire_are_a_double(case):
    case.change(4.5, edit=2)
    case.fire(1, 2, 3, 4, 5)
    case.fire(5, 6, 7, 8, 9, 10, edit=2)
    assert len(case.judge().doubled) == 1


def test_the_former_version_after_the_later_one_is_a_problem(case):
    case.change(4.5, edit=2)
    case.fire(1, 2, 3, 4, 6)
    case.fire(5, 7, 8, 9, 10, edit=2)
    assert "by a former version" in str(case.judge())


@pytest.mark.parametrize("fields", [{"is_enabled": False}, {"schedule": "every monday"}, {"timezone": "Mars/Olympus"}])
def test_a_version_that_names_nothing_fires_nothing(case, fields):
    case.change(3.5, edit=1, **fields)
    case.change(6.5, edit=2)
    case.fire(1, 2, 3)
    case.fire(7, 8, 9, 10, edit=2)
    assert case.judge().holds
    case.fire(5)
    assert not case.judge().holds


def test_a_calendar_closes_and_opens(case):
    case.calendar(0.1, is_closed=False)
    case.change(2.5, edit=2, exclude="calendar office")
    case.calendar(4.5, is_closed=True)
    case.calendar(7.5, is_closed=False)
    case.fire(1, 2)
    case.fire(3, 4, 8, 9, 10, edit=2)
    verdict = case.judge()
    assert verdict.holds, verdict


def test_a_name_that_was_removed_and_comes_back_has_another_life(case):
    case.change(3.5, schedule=None)
    case.change(6.5, edit=2, generation=8)
    case.fire(1, 2, 3)
    case.fire(7, 8, 9, 10, edit=2, generation=8)
    assert case.judge().holds
    case.lines.pop()
    case.fire(10, edit=2, generation=7)
    verdict = case.judge()
    assert "owned by no version" in str(verdict)
    assert verdict.lost == [f"lost: a {START + 10 * SECOND} of 8"]


def test_what_is_on_record_as_not_emitted_is_counted(case):
    case.ranges.append(Range("a", 7, "unknown", START + 4 * SECOND, START + 5 * SECOND))
    case.fire(1, 2, 3, 6, 7, 8, 9, 10)
    verdict = case.judge()
    assert verdict.holds, verdict
    assert verdict.disposed == {"unknown": 2}


def test_a_row_that_nobody_looked_after_is_a_problem(case):
    case.fire(1)
    assert "was looked after until" in str(case.judge(cursor=1))


class Honest:
    """What schedulers do that keep all promises, and notice each version up to two seconds after its commit."""

    def __init__(self, dice):
        self.dice, self.at, self.emitted = dice, START, []
        self.line = [self._version(1)]
        for number in range(2, 40):
            self.at += round(dice.uniform(0.001, 1.5) * SECOND)
            self.line.append(self._version(number))
        self.end = self.at + 5 * SECOND
        self._fire()

    def _version(self, number):
        rule = rule_of(self.dice.choice(("every 100ms", "every 1s", "* * * * * *", "every 1s offset 300ms")))
        lives = number // 7
        named = rule if self.dice.random() < 0.7 else None
        edit = number if self.dice.random() < 0.7 else number - 1
        return Version(self.at, lives, named, edit, self.at + round(self.dice.uniform(0, 1) * SECOND))

    def _fire(self):
        noticed, cursor = START, START
        for place, version in enumerate(self.line):
            last = place + 1 == len(self.line)
            later = None if last else self.line[place + 1]
            since = max(version.moment, cursor)
            # Of what comes after the next one's moment it fires some, until that is noticed.
            noticed = self.end if later is None else max(noticed, later.committed + self.dice.randrange(SECOND))
            until = self.end if later is None else max(later.moment, since)
            fires = [] if version.rule is None else version.rule.fires(since, max(until, noticed))
            fires = [each for each in fires if each <= until or self.dice.random() < 0.9 or later is None]
            beyond = [each for each in fires if each > until]
            gaps = [a for a, b in pairwise([until, *beyond]) if version.rule.fires(a, b - 1)] if beyond else []
            stop = gaps[0] if gaps else noticed
            for fire in fires:
                if fire <= max(until, stop):
                    self.emitted.append((fire, version.generation, version.edit))
            cursor = max([since, until, *(fire for fire in fires if fire <= max(until, stop))])


@pytest.mark.parametrize("seed", range(30))
def test_who_keeps_all_promises_is_found_to_and_who_does_not_is_not(seed, tmp_path):
    dice = random.Random(seed)
    honest = Honest(dice)

    def judged(emitted):
        lines = (f"{fire + 1000}\t{message_id_of('a', life, fire)}\t{fire}\ta\t{edit}" for fire, life, edit in emitted)
        (tmp_path / "traces.txt").write_text("\n".join(lines))
        evidence = Evidence(START, cursors={"a": honest.end}, keeps_all=False)
        given = {"looked_after_until": honest.end, "noticed": 4 * SECOND}
        return judge_rows({"a": honest.line}, evidence, tmp_path / "traces.txt", **given)

    verdict = judged(honest.emitted)
    assert verdict.holds, verdict
    assert verdict.traced > 20
    place = dice.randrange(1, len(honest.emitted))
    assert judged([*honest.emitted, honest.emitted[place]]).doubled
    fire, life, edit = honest.emitted[place]
    assert not judged([*honest.emitted[:place], (fire + 50, life, edit), *honest.emitted[place + 1 :]]).holds
