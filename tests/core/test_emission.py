import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beatd.core import emission as emissions
from beatd.core.emission import emission
from beatd.core.entry import SECOND, Entry
from beatd.core.identity import message_id
from beatd.core.message import Headers, Message, headers_json
from beatd.core.protocol import build_message
from beatd.errors import NotSerializableError
from beatd.schedules import parse
from beatd.schedules.base import Terms

FIRE = 1_798_135_200_000_000
words = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.one_of(st.none(), st.integers(-9, 9), words, st.lists(words, max_size=2))
optional = {
    "args": st.lists(values, max_size=2),
    "kwargs": st.dictionaries(words, values, max_size=2),
    "headers": st.dictionaries(st.one_of(words, st.sampled_from(["id", "eta", "%(id)b", "%b"])), values, max_size=3),
    "queue": words,
    "priority": st.integers(0, 9),
    "expires": st.integers(1, 9 * SECOND),
    "time_limit": st.floats(1, 9),
}


def emitted(entry: Entry, fire_time: int = FIRE) -> Message:
    return emission("beatd", entry, parse("every 1m", Terms()), 1, fire_time).message


def built(entry: Entry, fire_time: int = FIRE) -> Message:
    return build_message(
        id=message_id("beatd", entry.name, 1, fire_time),
        task=entry.task,
        args=entry.args,
        kwargs=entry.kwargs,
        queue=entry.queue,
        priority=entry.priority,
        expires=None if entry.expires is None else fire_time + entry.expires,
        time_limit=entry.time_limit,
        soft_time_limit=entry.soft_time_limit,
        headers=entry.headers,
        entry=entry.name,
        fire_time=fire_time,
    )


@given(name=words, task=words, fields=st.fixed_dictionaries({}, optional=optional), seconds=st.integers(0, 9))
def test_a_rendered_message_is_the_one_that_would_be_built(
    name: str, task: str, fields: dict[str, Any], seconds: int
) -> None:
    entry = Entry(name=name, task=task, schedule="every 1m", **fields)
    for fire_time in (FIRE, FIRE + seconds * SECOND // 2):
        message = emitted(entry, fire_time)
        assert message == built(entry, fire_time)
        assert json.loads(headers_json(message.headers)) == message.headers
        assert list(json.loads(headers_json(message.headers))) == list(built(entry, fire_time).headers)


def test_two_entries_on_one_plan_keep_their_own_calls() -> None:
    first, second = (Entry(name=name, task="t", schedule="every 1m", args=[name]) for name in ("a", "b"))
    assert first.plan is second.plan
    assert [emitted(entry) for entry in (first, second, first)] == [built(entry) for entry in (first, second, first)]


def test_headers_that_were_changed_are_rendered_anew() -> None:
    headers = emitted(Entry(name="a", task="t", schedule="every 1m")).headers
    assert isinstance(headers, Headers)
    assert json.loads(headers_json({**headers, "id": "other"}))["id"] == "other"


def test_what_is_kept_rendered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emissions, "RENDERED", 3)
    entries = [Entry(name=str(number), task="t", schedule="every 1m", args=[number]) for number in range(9)]
    for entry in entries * 2:
        assert emitted(entry) == built(entry)
        assert len(emissions._calls) <= 3


def test_arguments_that_json_cannot_carry_are_refused_with_each_fire() -> None:
    entry = Entry(name="a", task="t", schedule="every 1m", args=[object()])
    for _ in range(2):
        with pytest.raises(NotSerializableError, match="argument 1"):
            emitted(entry)
