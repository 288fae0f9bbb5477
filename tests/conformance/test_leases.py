"""Leases: on one machine whoever is first holds all, the others stand by; on a server they share."""

SECOND = 1_000_000
TTL = 6 * SECOND
ALL = frozenset(range(64))


def _renew(driver, holder, **status):
    return driver.leases.renew(holder, ttl=TTL, status=status)


def test_the_first_takes_every_part_and_the_second_stands_by(driver, clock):
    first, second = _renew(driver, "h1"), _renew(driver, "h2")
    assert (first.parts, second.parts) == (ALL, frozenset())
    assert (first.holders, second.holders) == (1, 2)
    assert (first.now, first.until) == (clock.now(), clock.now() + TTL)
    assert first.installation == driver.definitions.install()


def test_renewing_holds_on(driver, clock):
    _renew(driver, "h1")
    for _ in range(3):
        clock.advance(5)
        second, first = _renew(driver, "h2").parts, _renew(driver, "h1").parts
        assert not first & second
        assert driver.shares_parts or first == ALL


def _settled(driver, clock, *holders):
    """Renew in turn until nothing moves any more; return what each holds."""
    for _ in range(10):
        clock.advance(2)
        held = [_renew(driver, holder).parts for holder in holders]
    return held


def test_on_a_server_the_live_ones_share_evenly_and_nothing_twice(driver, clock):
    if not driver.shares_parts:
        return
    first, second, third = _settled(driver, clock, "h1", "h2", "h3")
    assert first | second | third == ALL
    assert len(first) + len(second) + len(third) == 64
    assert max(len(first), len(second), len(third)) <= 22


def test_on_a_server_a_fresh_one_waits_one_ttl_before_others_make_room(driver, clock):
    if not driver.shares_parts:
        return
    _settled(driver, clock, "h1")
    assert _renew(driver, "h2").parts == frozenset()
    assert _renew(driver, "h1").parts == ALL
    clock.advance(5)
    _renew(driver, "h1")
    assert _renew(driver, "h2").parts == frozenset()
    clock.advance(1)
    assert len(_renew(driver, "h1").parts) == 32
    assert len(_renew(driver, "h2").parts) == 32


def test_on_a_server_the_parts_of_one_that_goes_are_shared_by_the_rest(driver, clock):
    if not driver.shares_parts:
        return
    _settled(driver, clock, "h1", "h2", "h3")
    driver.leases.release("h2")
    assert [len(_renew(driver, holder).parts) for holder in ("h1", "h3")] == [32, 32]
    # One more, and without a word.
    clock.advance(6)
    assert _renew(driver, "h3").parts == ALL


def test_an_expired_lease_goes_to_whoever_asks(driver, clock):
    _renew(driver, "h1")
    clock.advance(6)
    taken = _renew(driver, "h2")
    assert (taken.parts, taken.holders) == (ALL, 1)
    assert _renew(driver, "h1").parts == frozenset()


def test_a_graceful_stop_gives_back_at_once(driver):
    _renew(driver, "h1")
    driver.leases.release("h1")
    taken = _renew(driver, "h2")
    assert (taken.parts, taken.holders) == (ALL, 1)


def test_releasing_what_one_does_not_hold_takes_nothing_away(driver):
    _renew(driver, "h1")
    driver.leases.release("h2")
    assert _renew(driver, "h1").parts == ALL


def test_holders_tell_who_is_there(driver, clock, make):
    driver.definitions.apply(make.drafts("a"), holder="h1")
    _renew(driver, "h1", host="web1", pid=42, lag_ms=3)
    clock.advance(1)
    _renew(driver, "h2", revision=9)
    first, second = driver.leases.holders()
    assert (first.holder, first.host, first.pid, first.parts, first.revision) == ("h1", "web1", 42, 64, 1)
    assert first.status == {"host": "web1", "pid": 42, "lag_ms": 3}
    assert (second.holder, second.parts, second.revision, second.expires_at) == ("h2", 0, 9, clock.now() + TTL)
    clock.advance(86_400)
    assert driver.leases.holders() == []


def test_namespaces_have_leases_of_their_own(driver):
    _renew(driver, "h1")
    assert _renew(driver.within("other"), "h2").parts == ALL
