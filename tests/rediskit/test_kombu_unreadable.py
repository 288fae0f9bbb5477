"""What others put into kombu's lists that is no message."""

import pytest

from beatd.errors import StoreError
from tests.rediskit.kombuside import SEP, envelope


def _without(*path: str) -> dict:
    made = envelope()
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return made


def _with(value: object, *path: str) -> dict:
    made = envelope()
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return made


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("nonsense", "the envelope is no JSON: "),
        (b"\xff\xfe", "the envelope is no JSON: "),
        ("[" * 5000, "the envelope is no JSON: "),
        ("[1]", "the envelope is no JSON object"),
        ("{}", "the envelope has no headers or no properties"),
        (_with(None, "headers"), "the envelope has no headers or no properties"),
        (_with([], "properties"), "the envelope has no headers or no properties"),
        (_without("headers", "task"), "has no header 'task'; Celery's task protocol 2 is needed (task_protocol = 2"),
        (_without("headers", "id"), "the envelope has no header 'id'"),
        (_with(7, "headers", "id"), "the envelope's header 'id' is no text"),
        (_with("", "headers", "id"), "the envelope's header 'id' is no text"),
        (_with("soon", "headers", "eta"), "the envelope's header 'eta' is 'soon', which is no ISO 8601 moment"),
        (_with("2999-13-01T00:00:00", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("2999-02-29T00:00:00", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("2999-12-31T24:00:00", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("2999-12-31T23:59:60", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with("20261121T100000Z", "headers", "eta"), "which is no ISO 8601 moment"),
        (_with(1e300, "headers", "expires"), "the envelope's header 'expires' is 1e+300"),
        (_without("body"), "the body is NoneType in the encoding 'base64'"),
        (_with("%%", "body"), "the body is no base64: "),
        (_with("rot13", "properties", "body_encoding"), "in the encoding 'rot13'; base64 is needed"),
        (_with("application/x-gzip", "headers", "compression"), "the body is compressed ('application/x-gzip')"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_and_the_next_one_is_taken(side, caplog, bad, says) -> None:
    side.push(bad, envelope("good"))
    assert side.ids() == ["good"]
    assert says in caplog.records[0].reason
    assert side.admin.sizes()["celery"] == {"ready": 0, "delayed": 0, "claimed": 1, "dead": 1}
    (name,) = side.server.command("ZRANGE", f"{side.server.prefix}dead:celery", 0, -1)
    assert says in side.outcomes.get(name.decode()).reason


def test_what_is_odd_but_can_be_read_is_taken(side) -> None:
    plain = _with(None, "properties", "body_encoding")
    plain["body"] = "[[1],{},{}]"
    del plain["content-type"]
    plain["properties"]["priority"] = "high"
    plain["more"] = {"nobody": "knows"}
    side.push(plain)
    (delivery,) = side.take()
    message = delivery.message
    assert (message.body, message.content_type, message.priority) == (b"[[1],{},{}]", "application/json", None)


def test_a_list_that_is_none_is_found_before_a_step_or_a_claim_writes(side) -> None:
    for spoilt in ("celery", f"celery{SEP}6", "_kombu.binding.celery", "_kombu.binding_permanent.celery"):
        side.server.command("SET", spoilt, "x")
        with pytest.raises(StoreError, match="or one of kombu's, holds what beatd did not put there"):
            side.send("m")
        with pytest.raises(StoreError, match="or one of kombu's, holds what beatd did not put there"):
            side.take()
        assert side.server.command("DBSIZE") == 1
        side.server.command("DEL", spoilt)
