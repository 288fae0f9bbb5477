"""Dividing the parts: what one scheduler keeps, takes and gives back."""

import random

from beatd.stores.sqlshares import shared

TTL = 6


def _leases(**held):
    rows = dict.fromkeys(range(64), (None, 0))
    for holder, parts in held.items():
        rows.update(dict.fromkeys(parts, (holder, 100)))
    return [(part, *rows[part]) for part in range(64)]


def test_the_first_of_all_waits_for_nobody():
    assert shared("a", _leases(), [("a", 10)], 10, TTL) == ((), tuple(range(64)), ())


def test_a_fresh_one_takes_nothing_beside_one_that_is_there():
    live = [("a", 0), ("b", 10)]
    assert shared("b", _leases(a=range(60)), live, 10, TTL) == ((), (), ())
    assert shared("a", _leases(a=range(60)), live, 10, TTL) == (tuple(range(60)), (60, 61, 62, 63), ())


def test_what_is_above_the_share_is_given_back():
    live = [("a", 0), ("b", 0), ("c", 0)]
    assert shared("a", _leases(a=range(64)), live, 10, TTL) == (tuple(range(22)), (), tuple(range(22, 64)))


def test_an_expired_lease_is_free():
    leases = [(part, "gone", 9) for part in range(64)]
    assert shared("a", leases, [("a", 0)], 10, TTL).take == tuple(range(64))


def test_any_number_in_any_order_ends_with_every_part_held_once():
    chance = random.Random(7)
    for _ in range(200):
        names = [f"h{number}" for number in range(chance.randint(1, 70))]
        live = [(name, 0) for name in names]
        held = {part: chance.choice([*names, None]) for part in range(64)}
        for name in [*chance.sample(names, len(names)), *names]:
            leases = [(part, of, 0 if of is None else 100) for part, of in sorted(held.items())]
            change = shared(name, leases, live, 10, TTL)
            held.update(dict.fromkeys(change.take, name))
            held.update(dict.fromkeys(change.give_back))
        assert None not in held.values()
        assert all(list(held.values()).count(name) <= -(-64 // len(names)) for name in names)
