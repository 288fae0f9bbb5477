"""Records of rows of a table: the store notes since when their versions rule, and asks nothing else of them."""

import pytest

from beatd.core.entry import ROW
from beatd.core.record import Reason

SECOND = 1_000_000
DAY = 86_400 * SECOND
T = 1_800_000_000 * SECOND
ROW_1, ROW_2, ROW_3 = T + 123_457, T + 2 * SECOND + 1, T + 3 * SECOND
PRINT = 2**63 - 7


def of_row(make, name, former=None, **fields):
    """Return an item that takes in a row's version."""
    told = {"version": ROW_1, "fingerprint": PRINT, "generation": ROW_1, "since": T, "cursor": T}
    return make.item(name, former, **{**told, "takes_in": True, "of_row": True, "begins": T, **fields})


def found(make, name, fire_time, **fields):
    """Return the item that makes a row's record with its first fire."""
    emissions = (make.emission(name, fire_time),)
    return of_row(make, name, cursor=fire_time, emissions=emissions, **fields)


def told(driver, name):
    tenures = driver.past.tenures(name)
    return [(each.version.number, each.version.fingerprint, each.generation, each.since) for each in tenures]


def test_a_rows_record_is_founded_with_its_first_fire_in_one_item(driver, make, claimed):
    item = found(make, "a", T + SECOND)
    assert driver.records.step([item])[0].stored
    assert driver.records.load() == {"a": item.record}
    assert claimed() == [item.emissions[0].message.id]
    assert told(driver, "a") == [(ROW_1, PRINT, ROW_1, T)]
    (tenure,) = driver.past.tenures("a")
    assert (tenure.version.source, tenure.version.entry, tenure.version.generation) == (ROW, None, ROW_1)


def test_of_two_that_found_one_record_the_second_does_nothing(driver, make, claimed):
    first, second = found(make, "a", T + SECOND), found(make, "a", T + 2 * SECOND, version=ROW_2, begins=T + 5)
    answers = driver.records.step([first, second])
    assert [(answer.stored, answer.unheld) for answer in answers] == [(True, False), (False, False)]
    assert answers[1].record == first.record
    again = driver.records.step([second])[0]
    assert (again.stored, again.record) == (False, first.record)
    assert told(driver, "a") == [(ROW_1, PRINT, ROW_1, T)]
    assert len(claimed()) == 1


def test_the_versions_of_a_row_follow_each_other(driver, make):
    first = of_row(make, "a")
    second = of_row(make, "a", first.record, version=ROW_2, fingerprint=9, begins=T + SECOND)
    third = of_row(make, "a", second.record, version=ROW_3, fingerprint=0, removed=True, begins=T + 2 * SECOND)
    assert [answer.stored for answer in driver.records.step([first, second])] == [True, True]
    assert driver.records.step([third])[0].stored
    expected = [
        (ROW_1, PRINT, ROW_1, T),
        (ROW_2, 9, ROW_1, T + SECOND),
        (ROW_3, 0, ROW_1, T + 2 * SECOND),
    ]
    assert told(driver, "a") == expected
    assert told(driver, "b") == []


def test_an_item_that_takes_in_nothing_notes_nothing(driver, make):
    first = of_row(make, "a")
    fired = {"cursor": T + SECOND, "emissions": (make.emission("a", T + SECOND),)}
    later = of_row(make, "a", first.record, takes_in=False, begins=None, **fired)
    assert [answer.stored for answer in driver.records.step([first, later])] == [True, True]
    assert told(driver, "a") == [(ROW_1, PRINT, ROW_1, T)]


def test_the_same_version_once_more_is_noted_once(driver, make):
    first = of_row(make, "a")
    again = of_row(make, "a", first.record, begins=T + 7)
    assert [answer.stored for answer in driver.records.step([first, again])] == [True, True]
    assert told(driver, "a") == [(ROW_1, PRINT, ROW_1, T + 7)]


def test_a_message_too_large_founds_nothing(driver, make):
    large = make.emission("a", T + SECOND, body=b"x" * (16 * 1024 * 1024 + 1))
    answer = driver.records.step([of_row(make, "a", emissions=(large,))])[0]
    assert (answer.stored, answer.unheld, [fire for fire, _ in answer.refused]) == (False, False, [T + SECOND])
    assert (driver.records.load(), told(driver, "a")) == ({}, [])


def test_a_bad_row_opens_its_range_and_a_removed_one_leaves_a_tombstone(driver, make):
    opened = of_row(
        make, "a", open=Reason.QUARANTINED, dispositions=(make.disposition("a", T, None, None, "quarantined"),)
    )
    closes = make.disposition("a", T, T + 5, None, "quarantined")
    gone = of_row(make, "a", opened.record, version=ROW_2, fingerprint=0, removed=True, closes=closes, begins=T + 5)
    assert [answer.stored for answer in driver.records.step([opened, gone])] == [True, True]
    assert [(run.state, run.last) for run in driver.history.runs()] == [("quarantined", T + 5)]


# ---------------------------------------------------------------- beside a set


def test_a_set_is_not_made_of_rows_and_removes_none(driver, make):
    driver.define("file")
    driver.records.step([found(make, "a", T + SECOND), found(make, "b", T + SECOND)])
    assert [version.name for version in driver.definitions.load()] == ["file"]
    assert driver.definitions.load(names=["a"]) == []
    applied = driver.definitions.apply(make.drafts("file", "other"), holder="h")
    assert (applied.added, applied.changed, applied.removed) == (("other",), (), ())
    assert [version.name for version in driver.definitions.load(after=1)] == ["other"]
    assert told(driver, "a") == [(ROW_1, PRINT, ROW_1, T)]


def test_a_set_of_files_is_not_another_projects_because_of_rows(driver, make):
    driver.records.step([found(make, "a", T + SECOND)])
    applied = driver.definitions.apply(make.drafts("file"), holder="h")
    assert applied.added == ("file",)


def test_a_version_of_the_set_is_still_asked_for(driver, make):
    driver.records.step([of_row(make, "a")])
    former = driver.records.load(["a"])["a"]
    taken = make.item("a", former, version=ROW_1, fingerprint=PRINT, takes_in=True, begins=T)
    answer = driver.records.step([taken])[0]
    assert (answer.stored, answer.unheld) == (False, True)


def test_a_set_takes_a_name_over_from_a_row_and_the_row_takes_it_back(driver, make):
    first = of_row(make, "a")
    driver.records.step([first])
    applied = driver.definitions.apply(make.drafts("a"), holder="h", above=ROW_2)
    assert (applied.revision, applied.added) == (ROW_2 + 1, ("a",))
    (version,) = driver.definitions.load(names=["a"])
    assert version.number == ROW_2 + 1
    told_of = {"version": version.number, "fingerprint": version.fingerprint}
    second = make.item("a", first.record, **told_of, generation=ROW_1, takes_in=True, begins=T + 5)
    third = of_row(make, "a", second.record, version=ROW_3, begins=T + 9)
    assert [answer.stored for answer in driver.records.step([second, third])] == [True, True]
    numbers = [(each.version.number, each.version.source == ROW, each.since) for each in driver.past.tenures("a")]
    assert numbers == [(ROW_1, True, T), (ROW_2 + 1, False, T + 5), (ROW_3, True, T + 9)]
    assert driver.past.tenures("a")[1].version == version


@pytest.mark.parametrize("asked", [{}, {"after": 1}, {"names": ["a"]}])
def test_of_a_name_that_a_row_has_given_up_the_set_is_read_below_the_removal(driver, make, asked):
    for schedule in ("every 1m", "every 2m", "every 3m"):
        driver.definitions.apply([make.draft("a", schedule)], holder="h")
    ruling = of_row(make, "a")
    driver.records.step([ruling])
    # The row's version has a number above all of the set: nothing below it is needed any more.
    assert driver.definitions.load(**asked) == []
    gone = of_row(make, "a", ruling.record, version=ROW_2, fingerprint=0, removed=True, begins=T + SECOND)
    assert driver.records.step([gone])[0].stored
    # Now the set may have the name again, and has to be numbered anew for that.
    found = [(version.number, version.entry.schedule) for version in driver.definitions.load(**asked)]
    assert found == [(1, "every 1m"), (2, "every 2m"), (3, "every 3m")]


def test_a_version_of_the_set_keeps_its_text_where_a_row_has_its_number(driver, make):
    driver.definitions.apply(make.drafts("a"), holder="h", above=ROW_1 - 1)
    (version,) = driver.definitions.load()
    assert version.number == ROW_1
    driver.records.step([of_row(make, "a")])
    (kept,) = driver.definitions.load()
    assert (kept.number, kept.entry, kept.fingerprint) == (ROW_1, version.entry, version.fingerprint)


# ---------------------------------------------------------------- repairs and pruning


def test_a_rows_version_is_never_lost_to_the_set(driver, make):
    driver.define("file")
    driver.records.step([found(make, "a", T + SECOND)])
    assert driver.repairs.lost("", 1000) == ([], "")
    assert driver.repairs.mend(["a", "file"]) == []
    assert driver.definitions.install().revision == 1


def test_a_lost_version_of_the_set_is_mended_by_the_set_beside_rows(driver, make, clock):
    driver.define("a")
    driver.records.step([of_row(make, "a")])
    (former,) = driver.records.load().values()
    # It says a version of the set that is not there.
    driver.records.step([make.item("a", former, version=ROW_2, fingerprint=3)])
    assert driver.repairs.lost("", 1000) == (["a"], "")
    assert driver.repairs.mend(["a"]) == ["a"]
    mended = driver.definitions.load()[-1]
    assert (mended.number, mended.entry.schedule) == (ROW_2 + 1, "every 1m")
    assert told(driver, "a") == [(ROW_1, PRINT, ROW_1, T)]


def test_confirming_a_state_and_marking_it_leave_tenures_alone(driver, make):
    driver.records.step([found(make, "a", T + SECOND)])
    driver.repairs.confirm(since=T, replaces=["lost"])
    driver.definitions.mark_rolled_back(T)
    driver.definitions.mark_rolled_back(None)
    assert told(driver, "a") == [(ROW_1, PRINT, ROW_1, T)]
    assert list(driver.records.load()) == ["a"]


def test_tenures_go_when_the_next_one_began_before_the_history(driver, make, clock):
    first = of_row(make, "a")
    second = of_row(make, "a", first.record, version=ROW_2, begins=T + DAY)
    third = of_row(make, "a", second.record, version=ROW_3, begins=T + 3 * DAY)
    driver.records.step([first, second, third])
    clock.moment = T + 4 * DAY
    assert driver.history.prune(before=T + DAY, most=1000) == 0
    assert driver.history.prune(before=T + 2 * DAY, most=1000) == 1
    assert [number for number, *_ in told(driver, "a")] == [ROW_2, ROW_3]
    assert driver.history.prune(before=T + 4 * DAY, most=1000) == 1
    assert [number for number, *_ in told(driver, "a")] == [ROW_3]
    assert driver.history.prune(before=T + 9 * DAY, most=1000) == 0
    assert driver.repairs.lost("", 1000) == ([], "")


def test_versions_of_the_set_that_a_row_followed_go_with_the_others(driver, make, clock):
    clock.moment = T - DAY
    driver.define("a")
    (version,) = driver.definitions.load()
    first = make.item("a", version=1, fingerprint=version.fingerprint, takes_in=True, begins=T - DAY)
    driver.records.step([first, of_row(make, "a", first.record)])
    assert [each.version.number for each in driver.past.tenures("a")] == [1, ROW_1]
    driver.history.prune(before=T, most=1000)
    assert [each.version.number for each in driver.past.tenures("a")] == [1, ROW_1]
    driver.history.prune(before=T + 1, most=1000)
    assert [each.version.number for each in driver.past.tenures("a")] == [ROW_1]


def test_of_many_rows_the_old_tenures_go_a_page_at_a_time(driver, make, clock, monkeypatch):
    monkeypatch.setattr("beatd.stores.sqlprune.LOOKED_AT", 9)
    names = [f"row {number}" for number in range(9)]
    for name in names:
        first = of_row(make, name)
        second = of_row(make, name, first.record, version=ROW_2, begins=T + DAY)
        driver.records.step([first, second])
    clock.moment = T + 4 * DAY
    rounds = [driver.history.prune(before=T + 2 * DAY, most=1000, limit=4) for _ in range(12)]
    assert (max(rounds), sum(rounds)) == (4, 9)
    assert all([number for number, *_ in told(driver, name)] == [ROW_2] for name in names)
    driver.records.step([of_row(make, "row 0", driver.records.load(["row 0"])["row 0"], version=ROW_3, begins=T + DAY)])
    assert sum(driver.history.prune(before=T + 2 * DAY, most=1000) for _ in range(5)) == 1


def test_a_rows_tombstone_goes_after_a_day_with_its_tenures(driver, make, clock):
    first = of_row(make, "a")
    gone = {"version": ROW_2, "fingerprint": 0, "removed": True, "begins": T + SECOND, "cursor": T + SECOND}
    driver.records.step([first, of_row(make, "a", first.record, **gone)])
    clock.moment = T + DAY
    driver.history.prune(before=T + DAY, most=1000)
    assert list(driver.records.load()) == ["a"]
    clock.moment = T + 2 * DAY
    for _ in range(3):
        driver.history.prune(before=T + 2 * DAY, most=1000)
    assert (driver.records.load(), told(driver, "a")) == ({}, [])


@pytest.mark.parametrize("above", [0, 1_799_999_999_999_999, 9_007_199_254_740_000])
def test_a_revision_is_the_next_one_or_the_one_above(driver, make, above):
    assert driver.definitions.apply(make.drafts("a"), holder="h", above=above).revision == above + 1
    applied = driver.definitions.apply(make.drafts("a", "b"), holder="h", above=above - 5)
    assert applied.revision == above + 2
    versions = driver.definitions.load()
    assert [(version.name, version.number) for version in versions] == [("a", above + 1), ("b", above + 2)]
    assert [version.name for version in driver.definitions.load(after=above + 1)] == ["b"]
    assert driver.definitions.load(after=above + 2) == []
    assert driver.definitions.install().revision == above + 2
    (first,) = driver.definitions.load(names=["a"])
    told_of = {"version": first.number, "fingerprint": first.fingerprint}
    assert driver.records.step([make.item("a", **told_of, takes_in=True, begins=T)])[0].stored
    assert [(each.version.number, each.since) for each in driver.past.tenures("a")] == [(above + 1, T)]
    driver.definitions.apply(make.drafts("a", "b", schedule="every 2m"), holder="h")
    numbers = [version.number for version in driver.definitions.load(names=["a"])]
    assert numbers == [above + 1, above + 3]
