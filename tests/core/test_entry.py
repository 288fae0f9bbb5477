from dataclasses import FrozenInstanceError
from typing import Any, get_type_hints

import msgspec
import pytest

from beatd.core.entry import OWNERSHIP, Call, Entry, Misfire
from beatd.core.plan import Plan, plan_of

FULL: dict[str, Any] = {
    "name": "report",
    "task": "shop.report",
    "schedule": "0 8 * * *",
    "args": [1, {"deep": [None]}],
    "kwargs": {"to": "a@b"},
    "exclude": "calendar de",
    "calendars": {"de": {"closed": ["sat"]}},
    "headers": {"tenant": "a"},
    "misfire": Misfire.ALL,
    "business_days": "next",
    "time_limit": 60.0,
    "tags": ["x"],
}


def test_an_entry_has_every_field_of_its_plan() -> None:
    own = {name: kind for name, kind in get_type_hints(Entry).items() if not name.startswith("_")}
    assert own == {"name": str, "plan": Plan, "call": Call, **get_type_hints(Plan)}
    entry = Entry(**FULL)
    assert {name: getattr(entry, name) for name in FULL} == FULL
    assert entry.fields().keys() == {"name", "args", "kwargs", *Plan.__dataclass_fields__}
    assert {*OWNERSHIP} <= entry.fields().keys()


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="qeue"):
        Entry(name="x", task="t", schedule="every 5m", qeue="x")


def test_entries_that_differ_in_name_and_arguments_share_one_plan() -> None:
    one = Entry(name="a", task="t", schedule="every 5m", headers={"h": 1}, args=[1])
    other = Entry(name="b", task="t", schedule="every 5m", headers={"h": 1})
    assert one.plan is other.plan
    assert Entry(name="a", task="t", schedule="every 6m").plan is not one.plan


def test_what_is_given_to_an_entry_stays_the_givers_own() -> None:
    args, kwargs, headers, tags = [1], {"a": 1}, {"h": 1}, ["t"]
    entry = Entry(name="a", task="t", schedule="every 5m", args=args, kwargs=kwargs, headers=headers, tags=tags)
    args.append(2)
    tags.append("u")
    kwargs["more"] = headers["more"] = 2
    assert (entry.args, entry.kwargs, entry.headers, entry.tags) == ([1], {"a": 1}, {"h": 1}, ["t"])


def test_what_is_empty_is_nobody_elses() -> None:
    one, other = (Entry(name=name, task="t", schedule="every 5m") for name in "ab")
    one.args.append(1)
    one.kwargs["x"] = 1
    assert (one.args, one.kwargs, other.args, other.kwargs) == ([], {}, [], {})


def test_an_entry_is_immutable() -> None:
    entry = Entry(**FULL)
    for name in ("name", "plan", "queue", "args"):
        with pytest.raises((FrozenInstanceError, AttributeError)):
            setattr(entry, name, "x")


def test_entries_are_equal_when_every_field_is() -> None:
    assert Entry(**FULL) == Entry(**FULL)
    assert Entry(**FULL) != "report"
    for name, value in {"name": "other", "args": [], "kwargs": {}, "tags": [], "timezone": "Europe/Berlin"}.items():
        assert Entry(**{**FULL, name: value}) != Entry(**FULL)
    # A plan that was forgotten and made again is another object.
    bare = Plan(**{name: value for name, value in FULL.items() if name not in {"name", "args", "kwargs"}})
    assert Entry.on(bare, "report", FULL["args"], FULL["kwargs"]) == Entry(**FULL)
    assert repr(Entry(**FULL)).startswith("Entry(name='report', task='shop.report', schedule='0 8 * * *', args=[1, ")


# ---------------------------------------------------------------- as a store keeps it


def test_a_stored_entry_is_read_back_on_the_same_plan() -> None:
    entry = Entry(**FULL)
    again = Entry.stored(entry.document())
    assert again == entry
    assert again.plan is entry.plan
    assert msgspec.json.decode(entry.document())["misfire"] == "all"


def test_a_definition_from_before_calendars_is_read() -> None:
    former = Entry(name="x", task="t", schedule="@daily").fields()
    del former["calendars"]
    assert Entry.stored(msgspec.json.encode(former)) == Entry(name="x", task="t", schedule="@daily")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"later": "skip"}, "it has the field 'later', which is not in this version"),
        ({"overlap": "ask"}, "Invalid enum value 'ask'"),
        ({"misfire": "latest_two"}, "Invalid enum value 'latest_two'"),
        ({"business_days": "nearest"}, "Invalid enum value 'nearest'"),
        ({"schedule": None}, "Expected `str`, got `null`"),
        ({"calendars": {"de": 5}}, "Expected `object`, got `int`"),
        ({"args": 5}, "Expected `array`, got `int`"),
        ({"kwargs": None}, "Expected `object`, got `null`"),
    ],
)
def test_what_this_code_does_not_know_makes_a_definition_unreadable(change: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.MsgspecError) as caught:
        Entry.stored(msgspec.json.encode({**Entry(**FULL).fields(), **change}))
    assert says in str(caught.value)


def test_a_definition_that_says_nothing_of_ends_is_one_that_older_code_reads() -> None:
    stored = msgspec.json.decode(Entry(**FULL).document())
    assert stored.keys().isdisjoint({"overlap", "overlap_timeout", "pause_after_failures"})
    tracked = Entry(**FULL, overlap="skip", overlap_timeout=5, pause_after_failures=3)
    told = msgspec.json.decode(tracked.document())
    assert (told["overlap"], told["overlap_timeout"], told["pause_after_failures"]) == ("skip", 5, 3)
    assert Entry.stored(tracked.document()) == tracked
    assert tracked.is_tracked
    assert not Entry(**FULL).is_tracked


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_an_unknown_field_that_says_nothing_is_passed_over(nothing: Any) -> None:
    stored = msgspec.json.encode({**Entry(**FULL).fields(), "later": nothing})
    assert Entry.stored(stored) == Entry(**FULL)


def test_a_plan_may_be_given_beside_names() -> None:
    plan = plan_of(task="t", schedule="every 5m")
    assert Entry.on(plan, "a", kwargs={"x": 1}) == Entry(name="a", task="t", schedule="every 5m", kwargs={"x": 1})


# ---------------------------------------------------------------- arguments that stay JSON


def test_arguments_given_as_json_read_as_if_given_as_values() -> None:
    plan = plan_of(task="t", schedule="every 5m")
    entry = Entry.on(plan, "a", b'[1, "x"]', b'{"y": null}')
    assert isinstance(entry.call, bytes)
    assert (entry.args, entry.kwargs) == ([1, "x"], {"y": None})
    assert entry == Entry.on(plan, "a", [1, "x"], {"y": None})
    assert entry != Entry.on(plan, "a", [1, "x"], {"y": 0})
    assert Entry.on(plan, "a", b"[1]", {"y": 2}) == Entry.on(plan, "a", [1], b'{"y":2}')
    entry.args.append(2)
    assert entry.args == [1, "x"]


def test_no_arguments_are_held_as_nothing() -> None:
    plan = plan_of(task="t", schedule="every 5m")
    for args, kwargs in ((b"[]", b" { } "), ((), None), ([], b"{}"), (b"[]", {})):
        entry = Entry.on(plan, "a", args, kwargs)
        assert (entry.call, entry.args, entry.kwargs) == (None, [], {})


@pytest.mark.parametrize(
    ("args", "kwargs"), [(b"5", b"{}"), (b"[]", b"[]"), (b"[", b"{}"), (b"", {}), ([], b"\xff"), (b"[],{}],[[]", b"{}")]
)
def test_arguments_that_are_no_json_are_refused_when_given(args: Any, kwargs: Any) -> None:
    with pytest.raises(msgspec.MsgspecError):
        Entry.on(plan_of(task="t", schedule="every 5m"), "a", args, kwargs)
