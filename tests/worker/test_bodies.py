"""Bodies as others may send them, each on a worker that goes on afterwards."""

import pytest

from beatd.core.message import Message
from beatd.core.states import State


class Trap:
    """Unpickled, it leaves a file."""

    def __reduce__(self):
        return (open, ("sprung", "w"))


def test_what_is_pickled_is_a_dead_letter_that_says_why_and_is_not_unpickled(shop, same_child):
    sent = shop.send("note", Trap(), serializer="pickle")
    stored = shop.until(lambda: shop.outcome(sent))
    assert stored.state is State.FAILURE
    assert stored.reason == (
        "ValueError: the body's content type is 'application/x-python-serialize' (pickle), and the setting accept "
        "allows 'json'; send it in another form, or add 'pickle' to accept in [beatd] where the worker runs: whoever "
        "can send to its queues can then run any code there"
    )
    assert shop.sizes()["dead"] == 1
    same_child()
    assert not (shop.folder / "sprung").exists()


def test_what_is_accepted_is_run_in_every_form(shop):
    shop.start(accept=["json", "msgpack", "yaml", "pickle"])
    for serializer in ("json", "msgpack", "yaml", "pickle"):
        assert shop.run("note", serializer, serializer=serializer).result == serializer
    assert shop.lines() == ["json", "msgpack", "yaml", "pickle"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is no JSON"),
        (b"hello", "the body is no JSON"),
        (b"\xff\xfe\x00", "the body is no JSON"),
        (b"[" * 100_000, "the body is n"),
        (b'{"task": "shop.note", "args": ["x"], "id": "1"}', "the body is not [args, kwargs, embed] as Celery"),
        (b"[[], {}]", "the body is not [args, kwargs, embed]"),
        (b'["x", {}, null]', "the body's args must be a list"),
        (b'[[], ["x"], null]', "its kwargs an object"),
        (b'[[{"__type__": "nothing", "__value__": 1}], {}, null]', "a value of the unknown type 'nothing'"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_call_is_a_dead_letter_that_says_why(shop, same_child, body, words):
    message = Message(id="bad", task="shop.note", queue="celery", headers={}, body=body)
    shop.broker.sender.send(message)
    stored = shop.until(lambda: shop.outcome("bad"))
    assert words in stored.reason
    assert stored.traceback is None
    assert shop.sizes()["dead"] == 1
    same_child()


def test_arguments_that_do_not_fit_are_told_with_those_that_do(shop, same_child):
    for args, kwargs in (((), {}), (("a", "b"), {}), ((), {"txet": "a"}), (("a",), {"text": "a"})):
        stored = shop.run("note", *args, kwargs=kwargs)
        assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "TypeError")
        assert stored.reason.startswith("TypeError: note() ")
        assert stored.reason.endswith("; it takes (text)")
    assert shop.sizes().get("dead", 0) == 0
    same_child()


def test_a_result_that_cannot_be_stored_is_the_tasks_failure(shop, same_child):
    stored = shop.run("odd_result")
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "NotSerializableError")
    assert stored.reason.startswith(
        "NotSerializableError: result['lock'] is a _thread.lock, which JSON cannot carry; pass"
    )
    same_child()


def test_an_exception_that_cannot_be_stored_is_told_as_far_as_it_can_be(shop, same_child):
    stored = shop.run("odd_error", "args")
    assert (stored.result["exc_type"], stored.result["exc_module"]) == ("Odd", "shop_tasks")
    assert "_thread.lock" in stored.result["exc_message"][0]
    stored = shop.run("odd_error", "text")
    assert stored.result["exc_message"] == ["(its text cannot be read)"]
    assert "in odd_error" in stored.traceback
    assert shop.run("odd_error", "surrogate").reason == "ValueError: \\udcff.txt"
    same_child()


def test_text_of_any_length_is_stored_and_what_is_no_text_is_refused(shop, same_child):
    assert len(shop.run("repeat", 0x78, 5_000_000).result) == 5_000_000
    stored = shop.run("repeat", 0xD800, 1)
    assert stored.reason.startswith("NotSerializableError: result is text with a lone surrogate")
    same_child()
