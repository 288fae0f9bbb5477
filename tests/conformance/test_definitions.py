"""Definitions: one set per namespace, one revision at a time."""

from importlib import metadata

import pytest

from beatd.core.entry import Draft
from beatd.errors import ForeignSetError, StaleSetError, StoreError

SECOND = 1_000_000
TTL = 6 * SECOND


def _names(driver):
    return {version.name: version.number for version in driver.definitions.load() if version.entry}


def test_a_namespace_is_installed_once(driver, clock):
    first = driver.definitions.install()
    clock.advance(5)
    assert driver.definitions.install() == first
    assert (first.since, first.revision, first.rolled_back_at) == (clock.now() - 5 * SECOND, 0, None)
    assert driver.within("other").definitions.install().id != first.id


def test_a_set_is_applied_and_read_back(driver, make, clock):
    draft = make.draft("a", "0 8 * * *", kwargs={"n": [1, {"x": None}]}, timezone="Europe/Berlin", misfire="all")
    applied = driver.definitions.apply(
        [draft, Draft(name="b", place="prod.toml:9", error="bad schedule 'x'")], holder="h"
    )
    assert (applied.revision, applied.added, applied.changed, applied.removed) == (1, ("a", "b"), (), ())
    good, bad = driver.definitions.load()
    assert (good.entry, good.number, good.changed_at, good.source) == (draft.entry, 1, clock.now(), "prod.toml:3")
    assert (bad.entry, bad.error) == (None, "bad schedule 'x'")


def test_the_same_set_in_another_order_is_no_change(driver, make):
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    applied = driver.definitions.apply(make.drafts("b", "a"), holder="h")
    assert (applied.revision, applied.added, applied.changed, applied.removed) == (1, (), (), ())
    assert driver.definitions.install().revision == 1


def test_only_what_changed_gets_a_version(driver, make, clock):
    driver.definitions.apply(make.drafts("a", "b", "c"), holder="h")
    clock.advance(1)
    applied = driver.definitions.apply([make.draft("a"), make.draft("b", "every 2m"), make.draft("d")], holder="h")
    assert (applied.revision, applied.added, applied.changed, applied.removed) == (2, ("d",), ("b",), ("c",))
    later = [version for version in driver.definitions.load() if version.number == 2]
    assert [(version.name, version.entry is None) for version in later] == [("b", False), ("c", True), ("d", False)]
    assert {version.changed_at for version in later} == {clock.now()}


def test_a_name_that_comes_back_is_added_again(driver, make):
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    driver.definitions.apply(make.drafts("b"), holder="h")
    assert driver.definitions.apply(make.drafts("a", "b"), holder="h").added == ("a",)


def test_a_fingerprint_is_that_of_the_content(driver, make):
    driver.definitions.apply([make.draft("a"), make.draft("b"), make.draft("c", queue="mail")], holder="h")
    a, b, c = (version.fingerprint for version in driver.definitions.load())
    assert len({a, b, c}) == 3
    driver.definitions.apply([make.draft("a", queue="mail"), make.draft("b"), make.draft("c")], holder="h")
    driver.definitions.apply([make.draft("a"), make.draft("b"), make.draft("c")], holder="h")
    assert driver.definitions.load(2)[-1].fingerprint == a


def test_versions_below_the_record_are_not_read_again(driver, make):
    for schedule in ("every 1m", "every 2m", "every 3m"):
        driver.definitions.apply(make.drafts("a", "b", schedule=schedule), holder="h")
    first = make.item("a")
    driver.records.step([first, make.item("a", first.record, version=2)])
    loaded = [(version.name, version.number) for version in driver.definitions.load()]
    assert loaded == [("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)]
    assert [version.number for version in driver.definitions.load(names=["b", "x"])] == [1, 2, 3]


def test_of_a_name_touched_since_every_version_is_read_that_its_record_needs(driver, make):
    for schedule in ("every 1m", "every 2m", "every 3m"):
        driver.definitions.apply([*make.drafts("a", "b", schedule=schedule), make.draft("c")], holder="h")
    first = make.item("a")
    driver.records.step([first, make.item("a", first.record, version=2)])
    for after in (1, 2):
        loaded = [(version.name, version.number) for version in driver.definitions.load(after)]
        assert loaded == [("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)]
    assert driver.definitions.load(3) == []
    assert [version.number for version in driver.definitions.load(1, names=["a", "c"])] == [2, 3]


def test_all_versions_are_read_beyond_one_page(driver, make, monkeypatch):
    monkeypatch.setattr("beatd.stores.sqldefinitions.PAGE", 2)
    for schedule in ("every 1m", "every 2m", "every 3m"):
        driver.definitions.apply(make.drafts("a", "b", schedule=schedule), holder="h")
    assert [(version.name, version.number) for version in driver.definitions.load()] == [
        (name, number) for name in "ab" for number in (1, 2, 3)
    ]


def test_a_name_defined_twice_is_refused(driver, make):
    with pytest.raises(StoreError, match=r"'a' is defined twice, first at prod.toml:3"):
        driver.definitions.apply([make.draft("a"), make.draft("a", "every 2m")], holder="h")


def test_a_roll_back_is_marked_and_cleared(driver):
    driver.definitions.mark_rolled_back(7)
    assert driver.definitions.install().rolled_back_at == 7
    driver.definitions.mark_rolled_back(None)
    assert driver.definitions.install().rolled_back_at is None


# ---------------------------------------------------------------- what computes fire times


@pytest.fixture
def installed(monkeypatch):
    """Say that a package is installed in a version, or not at all (None)."""
    really = metadata.version

    def say(package, version):
        def told(name):
            if name != package:
                return really(name)
            if version is None:
                raise metadata.PackageNotFoundError(name)
            return version

        monkeypatch.setattr(metadata, "version", told)

    return say


@pytest.mark.parametrize("package", ["tzdata", "astral", "python-dateutil", "holidays"])
def test_another_version_of_what_computes_fire_times_is_told_once(driver, installed, package):
    installed(package, "0.1")
    driver.definitions.install()
    assert driver.definitions.remember_libraries() == {}
    installed(package, "0.2")
    assert driver.definitions.remember_libraries() == {package: ("0.1", "0.2")}
    assert driver.definitions.remember_libraries() == {}
    installed(package, None)
    assert driver.definitions.remember_libraries() == {package: ("0.2", None)}


@pytest.mark.parametrize("package", ["tzdata", "astral", "python-dateutil", "holidays"])
def test_a_package_that_was_not_there_before_is_no_change(driver, installed, package):
    installed(package, None)
    driver.definitions.install()
    installed(package, "0.1")
    assert driver.definitions.remember_libraries() == {}
    installed(package, "0.2")
    assert driver.definitions.remember_libraries() == {package: ("0.1", "0.2")}


# ---------------------------------------------------------------- which set may replace which


def _old_and_new(driver, make, clock):
    driver.definitions.apply(make.drafts("a"), holder="old")
    clock.advance(1)
    driver.definitions.apply(make.drafts("a", "b"), holder="new")
    return make.drafts("a")


def test_a_stale_set_is_refused_while_a_later_one_is_carried(driver, make, clock):
    stale = _old_and_new(driver, make, clock)
    driver.leases.renew("new", ttl=TTL, status={"host": "db7", "pid": 99})
    with pytest.raises(StaleSetError, match=r"older than the one of scheduler 'new' \(host db7, pid 99\), which runs"):
        driver.definitions.apply(stale, holder="old")
    assert _names(driver) == {"a": 1, "b": 2}


def test_a_stale_set_is_refused_for_ten_minutes_after_the_later_one_vanished(driver, make, clock):
    stale = _old_and_new(driver, make, clock)
    driver.leases.renew("new", ttl=TTL, status={})
    clock.advance(599)
    with pytest.raises(StaleSetError, match="vanished less than 10 minutes ago"):
        driver.definitions.apply(stale, holder="old")
    clock.advance(2)
    assert driver.definitions.apply(stale, holder="old").removed == ("b",)


def test_a_deliberate_return_takes_hold_when_the_later_one_stopped(driver, make, clock):
    stale = _old_and_new(driver, make, clock)
    driver.leases.renew("new", ttl=TTL, status={})
    driver.leases.release("new")
    assert driver.definitions.apply(stale, holder="old").removed == ("b",)


def test_a_scheduler_may_take_back_its_own_edit(driver, make, clock):
    driver.definitions.apply(make.drafts("a"), holder="h")
    driver.leases.renew("h", ttl=TTL, status={})
    clock.advance(1)
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    assert driver.definitions.apply(make.drafts("a"), holder="h").removed == ("b",)


def test_a_set_never_seen_is_the_newest(driver, make, clock):
    _old_and_new(driver, make, clock)
    driver.leases.renew("new", ttl=TTL, status={})
    assert driver.definitions.apply(make.drafts("a", "c"), holder="old").added == ("c",)


def test_replacing_by_hand_overrides_and_is_not_undone(driver, make, clock):
    stale = _old_and_new(driver, make, clock)
    driver.leases.renew("new", ttl=TTL, status={})
    clock.advance(1)
    assert driver.definitions.apply(stale, holder="old", replace=True).removed == ("b",)
    driver.leases.renew("old", ttl=TTL, status={})
    with pytest.raises(StaleSetError, match="'old'"):
        driver.definitions.apply(make.drafts("a", "b"), holder="new")


@pytest.mark.parametrize("names", [("x", "y"), ()])
def test_a_set_that_shares_no_name_is_refused(driver, make, names):
    driver.definitions.apply(make.drafts("a", "b", "c", "d"), holder="h")
    with pytest.raises(
        StaleSetError, match=r"share no name with the 4 that namespace 'tests' holds \('a', 'b', 'c', …\)"
    ):
        driver.definitions.apply(make.drafts(*names), holder="other")
    assert driver.definitions.apply(make.drafts(*names), holder="other", replace=True).removed == ("a", "b", "c", "d")


def test_who_carries_the_set_may_rename_all_of_it_but_not_empty_it(driver, make):
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    assert driver.definitions.apply(make.drafts("x"), holder="h").removed == ("a", "b")
    with pytest.raises(StaleSetError, match="share no name"):
        driver.definitions.apply([], holder="h")


def test_two_schedulers_that_both_go_back_to_an_older_set_may_do_so(driver, make, clock):
    for names in (("a",), ("a", "b")):
        clock.advance(60)
        for holder in ("one", "two"):
            driver.definitions.apply(make.drafts(*names), holder=holder)
            driver.leases.renew(holder, ttl=TTL, status={})
    with pytest.raises(StaleSetError, match="'two'"):
        driver.definitions.apply(make.drafts("a"), holder="one")
    assert driver.definitions.apply(make.drafts("a"), holder="two").removed == ("b",)


def test_an_empty_set_shares_with_everything(driver, make):
    driver.definitions.apply(make.drafts("a"), holder="h")
    driver.definitions.apply([], holder="h", replace=True)
    assert driver.definitions.apply(make.drafts("x"), holder="h").added == ("x",)


def test_a_refused_set_leaves_no_trace(driver, make):
    driver.definitions.apply(make.drafts("a"), holder="h")
    with pytest.raises(ForeignSetError):
        driver.definitions.apply(make.drafts("x"), holder="other")
    assert driver.definitions.install().revision == 1
    assert [info.holder for info in driver.leases.holders()] == ["h"]
