"""In which order a worker asks its queues."""

MANY = 60


def _begun(shop):
    return [line.split()[0] for line in shop.lines() if line.endswith("begun")]


def _fill(shop, *queues):
    return [shop.send("nap", 0.006, queue, queue=queue) for queue in queues for _ in range(MANY)]


def test_what_is_first_is_emptied_before_the_others(shop, until) -> None:
    sent = _fill(shop, "low", "high")
    shop.start(queues=["low", "high:first"])
    until(lambda: all(shop.outcome(each) for each in sent), 60)
    assert _begun(shop) == ["high"] * MANY + ["low"] * MANY


def test_by_weight_both_get_on_from_the_beginning(shop, until) -> None:
    sent = _fill(shop, "low", "high")
    shop.start(queues=["low:1", "high:3"])
    until(lambda: all(shop.outcome(each) for each in sent), 60)
    begun = _begun(shop)
    # Each claim is of one message, as they are slow: 40 of them without one of `low` come once in 100 000 times.
    assert 0 < begun[:40].count("low") < 40
    assert begun[:40].count("high") > begun[:40].count("low")


def test_without_weights_they_are_one_line_by_priority_then_age(shop, until) -> None:
    sent = [shop.send("nap", 0.006, queue, queue=queue) for _ in range(10) for queue in ("low", "high")]
    shop.start(queues=["low", "high"])
    until(lambda: all(shop.outcome(each) for each in sent), 60)
    assert _begun(shop) == ["low", "high"] * 10
