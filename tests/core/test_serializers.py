import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
import yaml

from beatd.core.message import Message
from beatd.core.protocol import build_message, decode_body
from beatd.core.serializers import known
from beatd.core.serializers.known import check_accept, register_serializer
from beatd.errors import CallError, NotSerializableError, SettingsError

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)


class Point:
    """What only pickle carries."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __repr__(self) -> str:
        raise RuntimeError("no picture")


class Refuses:
    def __reduce__(self) -> Any:
        raise RuntimeError("not this one")


class Traps:
    """Unpickled, it shows that it was."""

    sprung = False

    def __reduce__(self) -> Any:
        return (Traps.spring, ())

    @staticmethod
    def spring() -> None:
        Traps.sprung = True


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_KNOWN", dict(known._KNOWN))
    monkeypatch.setattr(Traps, "sprung", False)


def sent(serializer: str, *args: Any, **kwargs: Any) -> Message:
    return build_message(id="m", task="t", args=args, kwargs=kwargs, serializer=serializer)


def carried(serializer: str, *args: Any, **kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
    return decode_body(sent(serializer, *args, **kwargs), (serializer,))[:2]


@pytest.mark.parametrize("serializer", ["json", "msgpack", "yaml", "pickle"])
def test_what_json_has_comes_back_as_it_was(serializer: str) -> None:
    args, kwargs = carried(serializer, 1, "zwei ä", [3.5, None, {"a": [True]}], b"\xff\x00", key={"deep": -(2**40)})
    assert args == [1, "zwei ä", [3.5, None, {"a": [True]}], b"\xff\x00"]
    assert kwargs == {"key": {"deep": -(2**40)}}


@pytest.mark.parametrize(
    ("serializer", "content_type", "encoding"),
    [
        ("json", "application/json", "utf-8"),
        ("msgpack", "application/x-msgpack", "binary"),
        ("yaml", "application/x-yaml", "utf-8"),
        ("pickle", "application/x-python-serialize", "binary"),
    ],
)
def test_they_are_named_as_kombu_names_them(serializer: str, content_type: str, encoding: str) -> None:
    message = sent(serializer, 1)
    assert (message.content_type, message.content_encoding) == (content_type, encoding)
    assert message.headers["argsrepr"] == "(1,)"


def test_the_bodies_are_those_that_other_clients_read() -> None:
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    assert msgspec.msgpack.decode(sent("msgpack", b"\xff", a=1).body) == [[b"\xff"], {"a": 1}, embed]
    assert yaml.safe_load(sent("yaml", 1).body) == [[1], {}, embed]
    assert pickle.loads(sent("pickle", 1).body) == ([1], {}, embed)


@pytest.mark.parametrize("serializer", ["json", "msgpack", "pickle"])
def test_dates_decimals_and_ids_come_back(serializer: str) -> None:
    values = [NOON, date(2026, 3, 6), Decimal("1.5"), UUID(int=5)]
    assert carried(serializer, *values)[0] == values
    assert carried("yaml", NOON, NOON.date())[0] == [NOON, NOON.date()]


def test_pickle_carries_any_object_also_one_that_has_no_picture() -> None:
    [point] = carried("pickle", Point(3))[0]
    assert point.x == 3
    assert sent("pickle", Point(3)).headers["argsrepr"] == "(cannot be shown)"


@pytest.mark.parametrize(
    ("serializer", "value", "words"),
    [
        ("msgpack", [{1, 2}], r"argument 1\[0\] is a set, which JSON cannot carry; pass list"),
        ("msgpack", {"__type__": "x", "__value__": 1}, "'__type__' and '__value__'"),
        ("msgpack", 2**70, "msgpack cannot carry these arguments: OverflowError"),
        ("yaml", Decimal(1), r"an argument is or holds a decimal.Decimal, which yaml cannot carry; pass its text"),
        ("pickle", Refuses(), "pickle cannot carry these arguments: RuntimeError: not this one"),
        ("pickle", lambda: 1, "pickle cannot carry these arguments: "),
    ],
)
def test_what_cannot_be_carried_is_refused_in_words(serializer: str, value: Any, words: str) -> None:
    with pytest.raises(NotSerializableError, match=words):
        sent(serializer, value)


def test_what_holds_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(NotSerializableError, match="nested too deeply"):
        sent("msgpack", ring)


@pytest.mark.parametrize("accept", [(), ("json",), ("json", "yaml")])
def test_nothing_is_unpickled_that_is_not_accepted(accept: tuple[str, ...]) -> None:
    message = sent("pickle", Traps())
    with pytest.raises(ValueError, match=r"'application/x-python-serialize' \(pickle\), and the setting accept allows"):
        decode_body(message, accept)
    assert not Traps.sprung
    decode_body(message, ("pickle",))
    assert Traps.sprung


def test_json_too_has_to_be_accepted_and_a_content_type_does_as_well_as_a_name() -> None:
    with pytest.raises(ValueError, match=r"'application/json' \(json\), and the setting accept allows 'yaml'; send it"):
        decode_body(sent("json", 1), ("yaml",))
    assert decode_body(sent("json", 1), ("application/json",))[0] == [1]
    assert decode_body(sent("yaml", 1), ("application/x-yaml",))[0] == [1]


def test_a_content_type_that_nobody_knows_is_told() -> None:
    message = Message(id="m", task="t", queue="q", headers={}, body=b"x", content_type="application/x-own")
    with pytest.raises(ValueError, match="'application/x-own', which no serializer here has; send JSON, or register"):
        decode_body(message, ("json",))


@pytest.mark.parametrize(
    ("serializer", "body", "encoding"),
    [
        ("msgpack", b"\xc1", "binary"),
        ("msgpack", b"\x92\x01", "binary"),
        ("yaml", b"a: [", "utf-8"),
        ("yaml", b"!!python/object/apply:os.getpid []", "utf-8"),
        ("yaml", b"\xff\xfe", "utf-8"),
        ("yaml", b"[]", "no-such-encoding"),
        ("pickle", b"garbage", "binary"),
        ("pickle", pickle.dumps(Point)[:-9] + b"Nowhere.", "binary"),
    ],
)
def test_a_body_that_cannot_be_read_is_told(serializer: str, body: bytes, encoding: str) -> None:
    form = known.serializer_named(serializer)
    message = Message(
        id="m", task="t", queue="q", headers={}, body=body, content_type=form.content_type, content_encoding=encoding
    )
    with pytest.raises(ValueError, match=f"the body is no {serializer}: "):
        decode_body(message, (serializer,))


@pytest.mark.parametrize("body", [b"\x80", b"\x90", b"\x93\x01\x02\x03"])
def test_a_body_of_another_shape_is_told(body: bytes) -> None:
    message = Message(
        id="m", task="t", queue="q", headers={}, body=body, content_type="application/x-msgpack",
        content_encoding="binary",
    )  # fmt: skip
    with pytest.raises(ValueError, match="the body"):
        decode_body(message, ("msgpack",))


def test_ones_own_is_used_by_its_name() -> None:
    register_serializer("own", repr, eval, content_type="application/x-own")
    assert sent("own", 1).body.startswith(b"([1], {}")
    assert carried("own", 1, a=2) == ([1], {"a": 2})
    register_serializer("own", lambda parts: repr(parts).encode(), eval, content_type="application/x-own",
                        content_encoding="binary")  # fmt: skip
    assert carried("own", 1, a=2) == ([1], {"a": 2})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("json", repr, eval, "application/x-own"), "'json' is taken"),
        (("own", repr, eval, "application/x-yaml"), "the content type 'application/x-yaml' of 'yaml' is taken"),
        (("", repr, eval, "application/x-own"), r"\(name=''\): give text"),
        (("own", repr, eval, ""), r"\(content_type=''\): give text"),
        (("own", "repr", eval, "application/x-own"), "dumps and loads must be functions"),
    ],
)
def test_ones_own_that_cannot_be_used_is_refused(given: Any, words: str) -> None:
    *positional, content_type = given
    with pytest.raises(CallError, match=words):
        register_serializer(*positional, content_type=content_type)


def test_accept_names_what_there_is() -> None:
    check_accept(("json", "msgpack", "yaml", "pickle", "application/x-yaml"))
    with pytest.raises(
        SettingsError, match="accept: there is no serializer 'own'; known: json, msgpack, pickle, yaml;"
    ):
        check_accept(("own",))


def test_a_library_that_is_not_there_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(NotSerializableError, match=r"'yaml' needs PyYAML: pip install 'beatd\[yaml\]'"):
        sent("yaml", 1)
    with pytest.raises(SettingsError, match=r"accept: .* needs PyYAML: pip install 'beatd\[yaml\]'"):
        check_accept(("yaml",))
