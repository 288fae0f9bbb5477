"""What is told holds for whatever schedule there is: random ones, near the changes of the clocks too."""

from random import Random

import pytest

from beatd.cli.lint import rule_notes
from beatd.core.compiling import schedule_of
from beatd.core.entry import Entry
from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.english import Subject, sentence
from beatd.schedules.moments import SECOND, from_us
from beatd.schedules.why_not import read_asked, why_not
from beatd.schedules.zones import zone
from tests.schedules.fuzzing.texts import ZONES, rule

START = 1_743_000_000  # 2025-03-26, in seconds; every zone above but UTC and Apia changes its clocks soon after
SPAN = 300 * 86_400


def readable(draw):
    """Return a random schedule's subject; what cannot be read is drawn again."""
    terms = Terms(timezone=draw.choice(ZONES), name="x")
    while True:
        text = " | ".join(rule(draw) for _ in range(draw.choice([1, 1, 2])))
        try:
            return Subject(text=str(parse(text, terms)), terms=terms)
        except InvalidScheduleError:
            continue


def asked_about(draw, subject, schedule):
    """Return a moment worth asking about: a fire, one near a change of the clocks, or any."""
    second = START + draw.randrange(SPAN)
    kind = draw.randrange(3)
    if kind == 0 and (fire := schedule.next_us(second * SECOND)) is not None:
        return from_us(fire).isoformat()
    if kind == 1 and subject.terms.timezone != "UTC":
        second = zone(subject.terms.timezone).at(second).end + draw.randrange(-7200, 7200, 900)
    local = from_us((second + 3600) * SECOND).replace(tzinfo=None)
    return f"{local:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize("seed", range(8))
def test_a_verdict_agrees_with_the_schedule_and_a_refusal_has_a_reason(seed):
    draw = Random(seed)
    for _ in range(150):
        subject = readable(draw)
        schedule = schedule_of(Entry(name="x", task="a.b", schedule=subject.text, timezone=subject.terms.timezone))
        moment = asked_about(draw, subject, schedule)
        for asked in read_asked(moment, subject.terms.timezone):
            verdict = why_not(subject, schedule, asked)
            assert verdict.fires == (asked.us is not None and schedule.next_us(asked.us - 1) == asked.us)
            assert verdict.fires or verdict.reasons, (subject.text, moment)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_can_be_read_is_told_in_a_sentence_and_linted(seed):
    draw = Random(seed)
    for _ in range(250):
        subject = readable(draw)
        said = sentence(subject)
        assert said[0].isupper() or said[0].isdigit()
        assert "  " not in said
        for part in subject.rules:
            assert repr(part) not in said, "a kind that nobody describes"
        assert all(isinstance(note, str) for note in rule_notes(subject.text, subject.terms.timezone, START))
