import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from beatd.core.message import Message
from beatd.core.plain import is_plain, plain
from beatd.core.protocol import (
    RESERVED_HEADERS,
    build_message,
    decode_body,
    decode_result,
    encode_arguments,
    encode_result,
    render_call,
    render_json,
)
from beatd.errors import NotSerializableError

FIRE = 1_798_135_200_000_000
UUID4 = UUID("7a1f0c4e-3b7d-4f4e-9a58-0c7f5a0d7f11")
WORDS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=4), st.sampled_from(["__type__", "__value__", "x" * 2000])
)
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=4,
)


def message(body: bytes = b"[[],{},{}]", **changes: Any) -> Message:
    return replace(build_message(id="1", task="t"), body=body, **changes)


def test_the_headers_are_those_of_protocol_2() -> None:
    built = build_message(
        id="abc", task="shop.report", args=(1,), kwargs={"day": "mon"}, time_limit=30, soft_time_limit=20, origin="me"
    )
    assert built.headers == {
        "lang": "py",
        "task": "shop.report",
        "id": "abc",
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [30, 20],
        "root_id": "abc",
        "parent_id": None,
        "argsrepr": "(1,)",
        "kwargsrepr": "{'day': 'mon'}",
        "origin": "me",
        "ignore_result": None,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
    assert (built.due, built.expires, built.queue, built.priority) == (0, None, "celery", None)
    assert (built.content_type, built.content_encoding) == ("application/json", "utf-8")


def test_the_body_is_args_kwargs_and_embed() -> None:
    built = build_message(id="1", task="t", args=[1, "zwei"], kwargs={"x": None}, embed={"chain": []})
    embed = {"callbacks": None, "errbacks": None, "chain": [], "chord": None}
    assert json.loads(built.body) == [[1, "zwei"], {"x": None}, embed]
    assert decode_body(built) == ([1, "zwei"], {"x": None}, embed)


def test_moments_are_written_with_their_offset() -> None:
    built = build_message(id="1", task="t", eta=FIRE, expires=FIRE + 500_000)
    assert built.headers["eta"] == "2026-12-24T18:00:00+00:00"
    assert datetime.fromisoformat(built.headers["expires"]) == datetime(2026, 12, 24, 18, 0, 0, 500_000, tzinfo=UTC)
    assert (built.due, built.expires) == (FIRE, FIRE + 500_000)


def test_a_fire_is_named_in_the_headers() -> None:
    built = build_message(id="1", task="t", entry="report", fire_time=FIRE)
    assert built.headers["beatd_entry"] == built.headers["periodic_task_name"] == "report"
    assert built.headers["beatd_fire_time"] == "2026-12-24T18:00:00Z"
    assert (built.entry, built.fire_time) == ("report", FIRE)
    assert "beatd_entry" not in build_message(id="1", task="t").headers


def test_headers_of_the_caller_join_but_replace_none() -> None:
    built = build_message(id="1", task="t", headers={"tenant": "acme", "id": "mine"}, root_id="r", parent_id="p")
    assert (built.headers["tenant"], built.headers["id"]) == ("acme", "1")
    assert (built.headers["root_id"], built.headers["parent_id"]) == ("r", "p")
    assert set(built.headers) - {"tenant"} <= RESERVED_HEADERS


def test_long_arguments_are_shortened_in_the_headers_only() -> None:
    built = build_message(id="1", task="t", args=["x" * 5000], kwargs={"y": "z" * 5000})
    assert len(built.headers["argsrepr"]) == len(built.headers["kwargsrepr"]) == 1024
    assert decode_body(built)[0] == ["x" * 5000]


# ---------------------------------------------------------------- typed values

TYPED = [
    (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "datetime", "2026-01-02T03:04:05.000006+00:00"),
    (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), "datetime", "2026-01-02T00:00:00+02:00"),
    (date(2026, 1, 2), "date", "2026-01-02"),
    (time(3, 4, 5), "time", "03:04:05"),
    (Decimal("1.10"), "decimal", "1.10"),
    (UUID4, "uuid", {"hex": UUID4.hex, "version": 4}),
    ("gr\u00fc\u00df".encode(), "bytes", "gr\u00fc\u00df"),
    (b"\xff\x00", "base64", "/wA="),
]


@pytest.mark.parametrize(("value", "kind", "written"), TYPED)
def test_typed_values_are_written_as_kombu_does_and_come_back(value: Any, kind: str, written: Any) -> None:
    built = build_message(id="1", task="t", args=[value], kwargs={"deep": [{"er": value}]})
    assert json.loads(built.body)[0] == [{"__type__": kind, "__value__": written}]
    args, kwargs, _ = decode_body(built)
    assert args == [value]
    assert type(args[0]) is type(value)
    assert kwargs == {"deep": [{"er": value}]}


def test_a_uuid_without_version_comes_back() -> None:
    odd = UUID("00000000-0000-0000-0000-000000000001")
    assert decode_result(encode_result(odd)) == odd


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


def test_values_that_are_text_or_numbers_are_written_as_such() -> None:
    assert encode_result([Colour.RED, Level.HIGH, (1, 2), True, {Colour.RED: 1}]) == [
        "red",
        3,
        [1, 2],
        True,
        {"red": 1},
    ]


def test_keys_become_text_as_jsons_do() -> None:
    assert encode_result({1: "a", None: "b", False: "c", 2.5: "d"}) == {"1": "a", "null": "b", "false": "c", "2.5": "d"}


def test_numbers_of_any_length_pass() -> None:
    assert decode_body(build_message(id="1", task="t", args=[2**100, -(2**70)]))[0] == [2**100, -(2**70)]


# ---------------------------------------------------------------- refusals


@dataclass
class Order:
    number: int


class Shade(Enum):
    DARK = 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1, 2}, "is a set, which JSON cannot carry; pass list(...)"),
        (timedelta(1), "is a datetime.timedelta, which JSON cannot carry; pass its seconds: value.total_seconds()"),
        (PurePosixPath("/a"), "is a pathlib.PurePosixPath, which JSON cannot carry; pass str(...)"),
        (Order(1), "Order, which JSON cannot carry; pass dataclasses.asdict(...)"),
        (Shade.DARK, "Shade, which JSON cannot carry; pass its .value"),
        (object(), "is an object, which JSON cannot carry; pass its id"),
        (float("nan"), "is nan, which JSON cannot carry; pass None"),
        (float("-inf"), "is -inf, which JSON cannot carry; pass None"),
        ("\ud800", "is text with a lone surrogate"),
        ({(1, 2): 3}, "has the key (1, 2), a tuple, which JSON cannot carry; make the keys text"),
        ({1: "a", "1": "b"}, "has keys that become the same text"),
        ({"__type__": "x", "__value__": 1}, "those keys mark typed values: rename one"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_the_remedy(value: Any, words: str) -> None:
    with pytest.raises(NotSerializableError) as caught:
        encode_result(value)
    assert str(caught.value).startswith("result ")
    assert words in str(caught.value)


def test_a_bad_value_inside_a_result_is_named_by_its_path() -> None:
    with pytest.raises(NotSerializableError, match=r"^result\['rows'\]\[3\] is a set, "):
        encode_result({"rows": [1, 2, 3, {4}]})


def test_a_bad_argument_is_named_by_number_parameter_and_path() -> None:
    with pytest.raises(NotSerializableError, match=r"^argument 2 \('when'\)\[0\] is a set, "):
        encode_arguments([1, [{2}]], {}, ("what", "when"))
    with pytest.raises(NotSerializableError, match=r"^argument 3 is an object, "):
        encode_arguments([1, 2, object()], {}, ("what", "when"))
    with pytest.raises(NotSerializableError, match=r"^kwargs\['when'\]\['a'\] is a complex, "):
        encode_arguments([], {"when": {"a": 1j}})


@pytest.mark.parametrize("value", ["\ud800", 2**63, -(2**63), 1.5, float("nan"), IntEnum("E", "A").A, [1], b""])
def test_what_needs_a_closer_look_is_not_taken_for_plain(value: Any) -> None:
    assert not is_plain(value)


@pytest.mark.parametrize("value", ["", "text", 0, 2**63 - 1, 1 - 2**63, True, None])
def test_what_is_taken_for_plain_is_carried_as_it_is(value: Any) -> None:
    assert is_plain(value)
    assert plain(value, "value") is value


def test_a_bad_header_is_named() -> None:
    with pytest.raises(NotSerializableError, match=r"^headers\['trace'\] is an object"):
        build_message(id="1", task="t", headers={"trace": object()})


def test_a_value_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NotSerializableError, match="result is nested too deeply"):
        encode_result(endless)


def test_args_that_are_one_text_are_refused() -> None:
    wrong: Any = "abc"
    with pytest.raises(NotSerializableError, match="args must be a list or tuple, not 'abc'"):
        encode_arguments(wrong, {})
    wrong_key: Any = {1: 2}
    with pytest.raises(NotSerializableError, match="keys are text"):
        encode_arguments([], wrong_key)


# ---------------------------------------------------------------- reading bodies of others


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is no JSON"),
        (b"\x80\x04", "is no JSON"),
        (b"[[NaN],{},{}]", "is no JSON"),
        (b"{}", r"not \[args, kwargs, embed\]"),
        (b"[[],{}]", r"not \[args, kwargs, embed\]"),
        (b"[{},{},{}]", "args must be a list"),
        (b"[[],[],{}]", "kwargs an object"),
        (b'[[],{},"x"]', "embed an object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[[{"__type__":"pandas","__value__":1}],{},{}]', "unknown type 'pandas'; known: datetime"),
        (b'[[{"__type__":["x"],"__value__":1}],{},{}]', "unknown type"),
        (b'[[{"__type__":"datetime","__value__":"soon"}],{},{}]', "'soon' is no datetime"),
        (b'[[{"__type__":"datetime","__value__":7}],{},{}]', "7 is no datetime"),
        (b'[[{"__type__":"decimal","__value__":"x"}],{},{}]', "'x' is no decimal"),
        (b'[[{"__type__":"uuid","__value__":"x"}],{},{}]', "'x' is no uuid"),
        (b'[[{"__type__":"uuid","__value__":{"hex":1}}],{},{}]', "is no uuid"),
        (b'[[{"__type__":"base64","__value__":"*"}],{},{}]', "is no base64"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decode_body(message(body))


def test_another_content_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'application/x-python-serialize' \(pickle\), and the setting accept allows"):
        decode_body(message(content_type="application/x-python-serialize"))


def test_an_empty_embed_may_be_null() -> None:
    assert decode_body(message(b"[[1],{},null]")) == ([1], {}, {})


def test_a_table_that_only_looks_typed_stays_a_table() -> None:
    body = b'[[{"__type__":"date","__value__":"2026-01-02","more":1}],{"t":"__type__"},{}]'
    assert decode_body(message(body))[0] == [{"__type__": "date", "__value__": "2026-01-02", "more": 1}]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.uuids(version=4)
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(args=st.lists(JSON, max_size=3), kwargs=st.dictionaries(st.text("abc_"), JSON, max_size=3))
def test_whatever_can_be_written_comes_back_unchanged(args: list[Any], kwargs: dict[str, Any]) -> None:
    assert decode_body(build_message(id="1", task="t", args=args, kwargs=kwargs))[:2] == (args, kwargs)


@given(st.binary(max_size=60))
def test_garbage_is_a_value_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ValueError, match="the body"):
        decode_body(message(body))


@given(st.lists(JSON_VALUES, max_size=3), st.dictionaries(WORDS, JSON_VALUES, max_size=3))
def test_arguments_that_are_json_come_to_the_same(args: list[object], kwargs: dict[str, object]) -> None:
    call = json.dumps([args, kwargs], indent=1).encode()
    try:
        rendered = render_call(*json.loads(call))
    except NotSerializableError as refused:
        with pytest.raises(NotSerializableError, match=re.escape(str(refused))):
            render_json(call)
    else:
        assert render_json(call) == rendered
