"""Mending a state that was lost, swapped, or changed behind the engine's back."""

import pytest


@pytest.fixture
def defined(driver):
    driver.define("a", "b")
    return {version.name: version for version in driver.definitions.load()}


def hold(driver, make, version, **fields):
    """Make a record that was moved by a version."""
    told = {"version": version.number, "fingerprint": version.fingerprint, **fields}
    driver.records.step([make.item(version.name, **told)])


def lose(driver, make, lost, **fields):
    """Let the record say another version than the store holds."""
    (former,) = driver.records.load([lost.name]).values()
    driver.records.step([make.item(lost.name, former, **{"version": 1, "fingerprint": 0, **fields})])


def mend(driver):
    """Mend what is lost, and return its names."""
    names, place = driver.repairs.lost("", 1000)
    assert place == ""
    assert driver.repairs.mend(["b", "nobody"]) == [name for name in names if name == "b"]
    return driver.repairs.mend(names)


def test_a_state_is_found_once_it_was_made(driver):
    assert driver.repairs.find() is None
    assert driver.repairs.find() is None
    made = driver.definitions.install()
    assert driver.repairs.find() == made


def test_a_state_put_in_place_of_others_has_a_new_id_and_a_beginning_and_knows_whom_it_replaces(driver):
    former = driver.definitions.install()
    made = driver.repairs.confirm(since=former.since - 5, replaces=["lost"])
    assert made.id != former.id
    assert made.since == former.since - 5
    assert {*made.replaces} == {former.id, "lost"}
    assert driver.definitions.install() == made
    again = driver.repairs.confirm(since=9, replaces=[])
    assert {*again.replaces} == {former.id, "lost", made.id}
    assert driver.leases.renew("h", ttl=1, status={}).installation == again


def test_a_state_may_be_made_and_put_in_place_at_once(driver):
    assert driver.repairs.confirm(since=5, replaces=["lost"]).since == 5
    assert driver.repairs.find() is not None


def test_confirming_leaves_the_mark_of_a_store_that_went_back(driver):
    driver.definitions.install()
    driver.definitions.mark_rolled_back(7)
    assert driver.repairs.confirm(since=5, replaces=[]).rolled_back_at == 7


def test_the_first_set_of_a_state_put_in_place_counts_from_its_beginning_the_next_ones_do_not(driver, make, clock):
    driver.repairs.confirm(since=5, replaces=["lost"])
    driver.define("a")
    driver.definitions.apply(make.drafts("a", "b"), holder="h")
    assert [(v.name, v.changed_at) for v in driver.definitions.load()] == [("a", 5), ("b", clock.now())]


def test_where_every_version_is_held_nothing_is_mended(driver, make, defined):
    hold(driver, make, defined["a"])
    before = driver.definitions.install()
    assert mend(driver) == []
    assert driver.definitions.install() == before


@pytest.mark.parametrize("told", [{"version": 7}, {"version": 1, "fingerprint": 3}])
def test_what_the_set_says_now_succeeds_a_version_that_is_not_held(driver, make, defined, clock, told):
    hold(driver, make, defined["a"])
    hold(driver, make, defined["b"])
    lose(driver, make, defined["a"], **{"fingerprint": defined["a"].fingerprint, **told})
    before = driver.definitions.install()
    clock.advance(9)
    assert mend(driver) == ["a"]
    mended = driver.definitions.load(after=before.revision)[-1]
    assert (mended.name, mended.entry, mended.changed_at) == ("a", defined["a"].entry, clock.now())
    assert mended.number > told["version"]
    after = driver.definitions.install()
    assert (after.revision, after.digest != before.digest) == (mended.number, True)


def test_what_was_mended_is_told_again_until_it_is_taken_in_and_not_mended_twice(driver, make, defined):
    hold(driver, make, defined["a"])
    lose(driver, make, defined["a"])
    assert (mend(driver), mend(driver)) == (["a"], ["a"])
    revision = driver.definitions.install().revision
    mended = driver.definitions.load(after=1)[-1]
    (former,) = driver.records.load(["a"]).values()
    taken = make.item("a", former, version=mended.number, fingerprint=mended.fingerprint, takes_in=True, begins=5)
    assert driver.records.step([taken])[0].stored
    assert mend(driver) == []
    assert driver.definitions.install().revision == revision


def test_after_mending_every_source_is_applied_again(driver, make, defined):
    hold(driver, make, defined["a"])
    lose(driver, make, defined["a"])
    mend(driver)
    revision = driver.definitions.install().revision
    driver.define("a", "b")
    assert driver.definitions.install().revision == revision + 1


def test_what_is_lost_is_looked_for_a_page_at_a_time(driver, make):
    names = [f"e{number:04}" for number in range(1200)]
    driver.define(*names)
    versions = {version.name: version for version in driver.definitions.load()}
    driver.records.step([make.item(name, version=1, fingerprint=versions[name].fingerprint) for name in names[:600]])
    driver.records.step([make.item(name, version=1, fingerprint=1) for name in names[600:]])
    found, place, pages = [], "", 0
    while pages == 0 or place:
        some, place = driver.repairs.lost(place, 100)
        found += some
        pages += 1
    assert sorted(set(found)) == names[600:]
    assert pages > 5
