"""What there was, and emitting after all: exact, and atomic."""

from dataclasses import replace

import pytest
from msgspec import structs

from beatd.core.backfill import Errand, Exchange, Stride
from beatd.core.record import DeadLetter, Reason

SECOND = 1_000_000
T = 1_800_000_000 * SECOND


@pytest.fixture(autouse=True)
def _defined(driver):
    driver.define("a", "b")


def dispose(driver, make, name, *ranges):
    """Put ranges on record, each (first, last, count, reason)."""
    former = driver.records.load([name]).get(name)
    driver.records.step([make.item(name, former, dispositions=tuple(make.disposition(name, *each) for each in ranges))])


def ranges(driver, name="a", after=0, until=1 << 60, limit=100):
    found = driver.past.dispositions(name, after, until, limit)
    return [(str(each.reason), each.first, each.last, each.count) for each in found]


# ---------------------------------------------------------------- what there was


def test_a_version_is_kept_with_since_when_it_ruled_once_it_was_taken_in(driver, make):
    driver.definitions.apply(make.drafts("a", "b", schedule="every 2m"), holder="h")
    one, two = driver.definitions.load(names=["a"])
    assert driver.past.tenures("a") == []
    first = make.item("a", version=1, fingerprint=one.fingerprint, takes_in=True, begins=5)
    driver.records.step([first])
    assert [(each.version, each.since) for each in driver.past.tenures("a")] == [(one, 5)]
    second = make.item("a", first.record, version=2, generation=3, fingerprint=two.fingerprint, takes_in=True, begins=9)
    driver.records.step([second])
    told = [(each.version.number, each.generation, each.since) for each in driver.past.tenures("a")]
    assert told == [(1, 1, 5), (2, 3, 9)]
    assert driver.past.tenures("b") == []


def test_an_item_that_is_not_stored_leaves_no_tenure(driver, make):
    (held,) = driver.definitions.load(names=["a"])
    driver.records.step([make.item("a")])
    driver.records.step([make.item("a", version=1, fingerprint=held.fingerprint, takes_in=True, begins=5)])
    assert driver.past.tenures("a") == []


def test_names_that_have_a_record_come_in_pages(driver, make):
    driver.records.step([make.item("b"), make.item("a")])
    assert driver.past.names("", 1) == ["a"]
    assert driver.past.names("a", 5) == ["b"]
    assert driver.past.names("b", 5) == []


def test_what_was_emitted_comes_in_order_a_fire_time_whole_or_not_at_all(driver, make):
    former = None
    for moment in (T, T + 1, T + 2):
        item = make.firing("a", former, moment)
        driver.records.step([item])
        former = item.record
    twice = make.emission("a", T + 1, id="other")
    driver.records.step([make.item("a", former, emissions=(twice,))])
    assert driver.past.emitted("a", T - 1, T + 2, 100) == [(T, 1), (T + 1, 1), (T + 1, 1), (T + 2, 1)]
    assert driver.past.emitted("a", T - 1, T + 2, 2) == [(T, 1)]
    assert driver.past.emitted("a", T, T + 2, 1) == [(T + 1, 1), (T + 1, 1)]
    assert driver.past.emitted("a", T, T, 9) == []


def test_triggers_are_not_what_the_schedule_emitted(driver, make):
    driver.sender.send(make.message(id="t", entry="a", fire_time=T))
    assert driver.past.emitted("a", 0, T + 1, 9) == []
    assert ranges(driver) == []


def test_ranges_that_reach_into_the_time_asked_for_are_told_open_ones_too(driver, make):
    dispose(driver, make, "a", (10, 20, 3, "missed"), (30, 40, 2, "coalesced"), (50, None, None, "paused"))
    every = [("missed", 10, 20, 3), ("coalesced", 30, 40, 2), ("paused", 50, None, None)]
    assert ranges(driver) == every
    assert ranges(driver, after=20, until=49) == every[1:2]
    assert ranges(driver, after=19, until=50) == every
    assert ranges(driver, after=500) == every[2:]
    assert ranges(driver, limit=1) == every[:1]


def test_a_range_keeps_the_reason_that_a_person_gave(driver, make):
    noted = structs.replace(make.disposition("a", T, T + 9, 4, "forwarded"), note="räumen")
    driver.records.step([make.item("a", dispositions=(noted,))])
    assert driver.past.dispositions("a", 0, T, 9) == [noted]
    assert [(run.state, run.reason) for run in driver.history.runs()] == [("forwarded", "räumen")]


def test_the_history_is_whole_since_the_state_began_until_some_of_it_is_deleted(driver, make):
    begun = driver.definitions.install().since
    assert driver.past.kept_since() == begun
    dispose(driver, make, "a", (T + 10, T + 20, 3, "missed"), (T + 30, T + 40, 2, "missed"))
    driver.history.prune(before=T + 5, most=100)
    assert driver.past.kept_since() == begun
    driver.history.prune(before=T + 25, most=100)
    assert driver.past.kept_since() == T + 21
    driver.history.prune(before=T, most=0)
    assert driver.past.kept_since() == T + 41


def test_a_refused_fire_leaves_a_dead_letter_with_its_headers_and_the_reason(driver, make):
    message = make.message(id="m", entry="a", fire_time=T, body=b"")
    letter = DeadLetter(message, "too large")
    item = make.item("a", dispositions=(make.disposition("a", T, T, 1, "refused"),), letters=(letter,))
    driver.records.step([item])
    assert driver.admin.sizes()["celery"]["dead"] == 1
    assert driver.receiver.claim(["celery"], owner="w", limit=9, lease=SECOND) == []
    assert [(run.state, run.fire_time) for run in driver.history.runs()] == [("refused", T)]


# ---------------------------------------------------------------- backfills


@pytest.fixture
def errand(driver):
    return driver.backfills.begin(Errand(id="j", entry="a", first=T, until=T + 100, again=False, cursor=T - 1))


def turn(make, former, *moments):
    """Return a stride's exchange of a whole range, and its messages."""
    backfilled = structs.replace(former, reason=Reason.BACKFILLED, count=len(moments))
    exchange = Exchange(former=former, remaining=(), backfilled=backfilled)
    return {"exchange": exchange, "emissions": tuple(make.emission("a", moment) for moment in moments)}


def test_a_job_is_begun_once_and_found_again_until_it_is_done(driver, errand):
    same = driver.backfills.begin(replace(errand, id="k"))
    assert same == errand
    assert driver.backfills.begin(replace(errand, id="k", again=True)).id == "k"
    assert driver.backfills.begin(replace(errand, id="l", until=T + 99)).id == "l"
    driver.backfills.stride(Stride(errand=errand, cursor=T + 5))
    moved = driver.backfills.begin(replace(errand, id="m"))
    assert (moved.id, moved.cursor) == ("j", T + 5)
    driver.backfills.stride(Stride(errand=moved, cursor=None))
    assert driver.backfills.begin(replace(errand, id="m")).id == "m"


def test_a_stride_from_elsewhere_than_the_jobs_cursor_does_nothing(driver, make, errand, claimed):
    dispose(driver, make, "a", (T, T + 1, 2, "missed"))
    (former,) = driver.past.dispositions("a", 0, T, 9)
    elsewhere = replace(errand, cursor=T)
    answer = driver.backfills.stride(Stride(errand=elsewhere, cursor=T + 1, **turn(make, former, T, T + 1)))
    assert (answer.stored, answer.emitted, claimed()) == (False, 0, [])
    assert ranges(driver) == [("missed", T, T + 1, 2)]


def test_a_range_becomes_messages_and_the_record_says_so(driver, make, errand, claimed):
    dispose(driver, make, "a", (T, T + 1, 2, "missed"))
    (former,) = driver.past.dispositions("a", 0, T, 9)
    answer = driver.backfills.stride(Stride(errand=errand, cursor=T + 1, **turn(make, former, T, T + 1)))
    assert (answer.stored, answer.emitted, len(claimed())) == (True, 2, 2)
    assert {each[0] for each in ranges(driver)} == {"backfilled"}
    assert driver.past.emitted("a", 0, T + 9, 9) == []
    assert [run.message_id is not None for run in driver.history.runs()] == [True, True]
    assert driver.backfills.begin(errand).emitted == 2


def test_with_exceptions_the_range_is_told_as_one(driver, make, errand):
    dispose(driver, make, "a", (T, T + 1, 2, "missed"))
    (former,) = driver.past.dispositions("a", 0, T, 9)
    driver.backfilling("exceptions").stride(Stride(errand=errand, cursor=T + 1, **turn(make, former, T, T + 1)))
    assert ranges(driver) == [("backfilled", T, T + 1, 2)]


def test_what_remains_of_a_range_stays_on_record(driver, make, errand):
    dispose(driver, make, "a", (T, T + 9, 10, "missed"))
    (former,) = driver.past.dispositions("a", 0, T, 9)
    given = turn(make, structs.replace(former, first=T + 4, last=T + 5), T + 4, T + 5)
    remaining = (structs.replace(former, last=T + 3, count=4), structs.replace(former, first=T + 6, count=4))
    exchange = replace(given["exchange"], former=former, remaining=remaining)
    driver.backfilling("exceptions").stride(
        Stride(errand=errand, cursor=T + 5, exchange=exchange, emissions=given["emissions"])
    )
    assert ranges(driver) == [("missed", T, T + 3, 4), ("backfilled", T + 4, T + 5, 2), ("missed", T + 6, T + 9, 4)]


def test_where_the_range_is_no_longer_there_nothing_is_sent_and_the_job_goes_on(driver, make, errand, claimed):
    dispose(driver, make, "a", (T, T + 1, 2, "missed"))
    (former,) = driver.past.dispositions("a", 0, T, 9)
    gone = structs.replace(former, first=T + 1)
    answer = driver.backfills.stride(Stride(errand=errand, cursor=T + 1, **turn(make, gone, T + 1)))
    assert (answer.stored, answer.emitted, claimed()) == (True, 0, [])
    assert driver.backfills.begin(errand).cursor == T + 1


def test_an_id_that_is_there_already_is_left_as_it_is(driver, make, errand, claimed):
    sent = make.firing("a", None, T)
    driver.records.step([sent])
    dispose(driver, make, "a", (T, T + 1, 2, "missed"))
    (former,) = driver.past.dispositions("a", 0, T, 9)
    assert driver.backfills.stride(Stride(errand=errand, cursor=T + 1, **turn(make, former, T, T + 1))).emitted == 1
    assert len(claimed()) == 2


def test_a_message_too_large_refuses_the_stride(driver, make, errand):
    large = make.emission("a", T, body=b"x" * (16 * 1024 * 1024 + 1))
    answer = driver.backfills.stride(Stride(errand=errand, cursor=T, emissions=(large,)))
    assert [fire_time for fire_time, _ in answer.refused] == [T]
    assert driver.backfills.begin(errand).cursor == errand.cursor


def test_messages_beside_the_record_are_told_as_sent_by_hand(driver, make, errand, claimed):
    answer = driver.backfills.stride(Stride(errand=errand, cursor=T, emissions=(make.emission("a", T, id="own"),)))
    assert (answer.emitted, claimed()) == (1, ["own"])
    assert ranges(driver) == []
    assert driver.past.emitted("a", 0, T, 9) == []
    assert [run.message_id for run in driver.history.runs()] == ["own"]


def test_jobs_of_other_namespaces_are_not_found(driver, errand):
    other = driver.within("other")
    assert other.backfills.begin(replace(errand, id="k")).id == "k"
