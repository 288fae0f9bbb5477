import pytest

from beatd.errors import StoreError
from beatd.wiring.audit import Asked, audit
from tests.wiring.conftest import SECOND, ZERO

EVERY_10S = "schedule = 'every 10s'"


def account(desk, since=0, until=4000, name="a", **settings):
    found = audit(desk.settings(**settings), Asked(since=ZERO + since * SECOND, until=ZERO + until * SECOND, name=name))
    return next(found.findings)


def lived(desk, seconds=100, lines=EVERY_10S):
    """Let a scheduler fire the entry ``a`` for a while."""
    desk.write(a=lines)
    scheduler = desk.scheduler()
    desk.tick(scheduler, seconds, at_most=5)
    scheduler.stop()


def test_what_was_emitted_and_what_was_not_add_up_to_what_was_named(desk) -> None:
    desk.rest(EVERY_10S, 3600)
    found = account(desk)
    assert (found.expected, found.emitted, dict(found.disposed)) == (360, 1, {"coalesced": 359})
    assert not found.wrong


def test_a_fire_that_is_on_record_nowhere_is_missing(desk) -> None:
    lived(desk)
    desk.sql("DELETE FROM beatd_fires WHERE first IN (?, ?)", ZERO + 30 * SECOND, ZERO + 60 * SECOND)
    found = account(desk)
    assert (found.missing, found.missing_at, found.emitted) == (2, [ZERO + 30 * SECOND, ZERO + 60 * SECOND], 8)


def test_a_fire_that_nothing_names_is_extra_and_so_is_one_on_record_twice(desk) -> None:
    lived(desk)
    desk.sql("UPDATE beatd_fires SET first = first + 1, last = last + 1 WHERE first = ?", ZERO + 30 * SECOND)
    copied = "namespace, entry, generation, version, reason, first, last, count, written_at"
    desk.sql(f"INSERT INTO beatd_fires ({copied}) SELECT {copied} FROM beatd_fires WHERE first = ?", ZERO + 60 * SECOND)
    found = account(desk)
    assert (found.extra, found.extra_at) == (2, [ZERO + 30 * SECOND + 1, ZERO + 60 * SECOND])
    assert (found.missing, found.emitted) == (1, 9)


def test_a_fire_that_was_emitted_and_disposed_of_is_extra(desk) -> None:
    desk.rest(EVERY_10S, 3600)
    desk.sql("UPDATE beatd_fires SET last = ?, count = 360 WHERE reason = 'coalesced'", ZERO + 3600 * SECOND)
    assert account(desk).extra == 1


@pytest.mark.parametrize(("count", "wrong"), [(359, (0, 0)), (357, (2, 0)), (361, (0, 2))])
@pytest.mark.parametrize("history", ["all", "exceptions"])
def test_a_range_must_tell_how_many_it_holds(desk, count, wrong, history) -> None:
    desk.rest(EVERY_10S, 3600)
    desk.sql("UPDATE beatd_fires SET count = ? WHERE reason = 'coalesced'", count)
    found = account(desk, history=history)
    assert (found.missing, found.extra) == wrong


def test_without_a_history_of_all_what_was_emitted_is_counted_by_arithmetic(desk) -> None:
    desk.rest(EVERY_10S, 3600)
    desk.sql("DELETE FROM beatd_fires WHERE reason = 'emitted'")
    found = account(desk, history="exceptions")
    assert (found.by_arithmetic, found.emitted, dict(found.disposed), found.wrong) == (
        True,
        1,
        {"coalesced": 359},
        False,
    )


def test_each_version_is_asked_for_its_own_time_only(desk) -> None:
    desk.write(a=EVERY_10S)
    scheduler = desk.scheduler()
    desk.tick(scheduler, 52, at_most=1)
    desk.write(a="schedule = 'every 20s'\nargs = [1]")
    desk.tick(scheduler, 3, at_most=1)
    desk.write(a="schedule = 'every 20s'\nargs = [2]")
    desk.tick(scheduler, 50, at_most=1)
    desk.write(b=EVERY_10S, a="schedule = 'every monday'")
    desk.tick(scheduler, 30, at_most=1)
    scheduler.stop()
    assert desk.emitted("a") == [10, 20, 30, 40, 50, 60, 80, 100]
    for history in ("all", "exceptions"):
        found = account(desk, history=history)
        assert (found.emitted, found.expected, found.wrong, found.unjudged) == (8, 8, False, 0)


def test_what_is_due_beyond_the_cursor_is_not_missing_and_what_is_paused_is_told(desk) -> None:
    lived(desk)
    found = account(desk, until=200)
    assert (found.due, found.emitted, found.wrong) == (9, 10, False)
    desk.sql("UPDATE beatd_entries SET open = 'paused'")
    desk.sql(
        "INSERT INTO beatd_fires (namespace, entry, generation, version, reason, first, written_at) "
        "VALUES ('beatd', 'a', 1, 1, 'paused', ?, 0)",
        ZERO + 100 * SECOND + 1,
    )
    found = account(desk, until=200)
    assert (found.due, dict(found.disposed), found.wrong) == (0, {"paused": 9}, False)


def test_fires_of_a_version_that_is_gone_are_not_judged(desk) -> None:
    lived(desk)
    desk.sql("UPDATE beatd_fires SET version = 99, first = first + 1 WHERE first > ?", ZERO + 50 * SECOND)
    found = account(desk)
    assert (found.emitted, found.wrong) == (5, False)
    assert found.unjudged == 9


def test_it_begins_where_the_history_is_whole(desk) -> None:
    lived(desk)
    desk.state.history.prune(before=ZERO + 45 * SECOND, most=1000)
    found = audit(desk.settings(), Asked(since=ZERO, until=ZERO + 1000 * SECOND))
    assert found.since == ZERO + 40 * SECOND + 1
    (finding,) = found.findings
    assert (finding.emitted, finding.wrong) == (6, False)


def test_beyond_one_page_every_fire_is_matched_once(desk, monkeypatch) -> None:
    monkeypatch.setattr("beatd.wiring.audit.PAGE", 2)
    lived(desk, 200)
    desk.sql(
        "INSERT INTO beatd_fires (namespace, entry, generation, version, reason, first, last, count, written_at) "
        "SELECT namespace, entry, generation, version, reason, first, last, count, written_at FROM beatd_fires "
        "WHERE first = ?",
        ZERO + 60 * SECOND,
    )
    found = account(desk)
    assert (found.emitted, found.missing, found.extra) == (20, 0, 1)


def test_an_unknown_name_is_told(desk) -> None:
    lived(desk)
    with pytest.raises(StoreError, match="no entry named 'b'"):
        account(desk, name="b")
