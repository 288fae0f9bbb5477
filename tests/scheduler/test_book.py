"""Whose a name is, and what the book says of names however it keeps them."""

import gc
from random import Random

import pytest
from msgspec.structs import replace

from beatd.core.entry import DAY, SECOND, Entry, Version
from beatd.core.firing import Moment, decide, is_late, next_moment
from beatd.core.identity import PARTS, part_of
from beatd.core.line import compiled
from beatd.core.record import Pause, Reason, Record
from beatd.core.settling import Rules
from beatd.scheduler import shelf
from beatd.scheduler.book import Book
from beatd.scheduler.claims import SET

START = 1_800_000_000 * SECOND
LATE_AFTER = 60 * SECOND
TABLE = "postgresql://localhost/app"
RULES = Rules("beatd", LATE_AFTER)


def row(name="e", number=1, life=1, *, error=None, gone=False, **fields):
    told = {"args": b'["x"]', "kwargs": b"{}", **fields}
    args, kwargs = told.pop("args"), told.pop("kwargs")
    plan = Entry(name=name, **{"task": "t", "schedule": "every 10s", **told}).plan
    return Version(
        name=name,
        number=START + number,
        changed_at=START + number,
        fingerprint=number * 7,
        source=TABLE,
        entry=None if error or gone else Entry.on(plan, name, args, kwargs),
        error=error,
        generation=START + life,
    )


def of_set(name="e", number=1, at=0, *, gone=False):
    entry = None if gone else Entry(name=name, task="t", schedule="every 7s")
    told = {"number": number, "changed_at": START + at, "fingerprint": number * 11, "source": "a.toml, line 3"}
    return Version(name=name, **told, entry=entry)


def record(version, **fields):
    told = {"seq": 5, "version": version.number, "fingerprint": version.fingerprint, "since": START, "cursor": START}
    return Record(**{**told, "generation": version.generation or 1, **fields})


def numbers(book, name="e"):
    return [each.number for each in book.line(name)]


def read_both(book, at, *, set_first):
    """Read a set, whose version began at a moment, and a table, which both have the name."""
    if set_first:
        book.learn([of_set(at=at)], whole=True)
    book.learn_rows([row()], 0)
    if not set_first:
        book.learn([of_set(at=at)], whole=True)


# ---------------------------------------------------------------- rows are kept packed


def test_a_row_is_given_back_as_it_was_read() -> None:
    book, version = Book(), row(number=5, life=3, args=b"[1]", kwargs=b'{"a":null}', queue="other")
    assert book.learn_rows([version], 2) == ["e"]
    (line,) = book.line("e")
    assert line == compiled(version)
    assert line.entry.plan is version.entry.plan
    assert (book.source_of("e"), book.newest("e"), book.newest("e", 2)) == (2, (START + 5, 35), (START + 5, 35))
    assert (book.newest("e", 1), book.newest("other"), book.source_of("other")) == (None, None, None)
    assert ("e" in book, "other" in book, len(book), book.highest, book.revision) == (True, False, 1, START + 5, 0)
    assert book._shelf


def test_arguments_given_as_values_are_packed_too() -> None:
    book, version = Book(), row(args=[1, {"deep": [None]}], kwargs={"x": "ü"})
    book.learn_rows([version, row("none", args=[], kwargs={})], 0)
    assert book.line("e")[0].entry == version.entry
    assert book.line("none")[0].entry.call is None
    assert len(book._shelf) == 2


def test_a_row_that_was_read_again_as_it_was_needs_no_planning() -> None:
    book = Book()
    book.learn_rows([row()], 0)
    assert book.learn_rows([row()], 0) == []
    assert book.learn_rows([row(), row(number=2)], 0) == ["e"]
    assert book.learn_rows([row(number=2)], 0) == ["e"]


@pytest.mark.parametrize(
    "version",
    [
        row(error="bad zone"),
        row(schedule="H H * * *"),
        row(schedule="every monday"),
        replace(row(), fingerprint=2**63),
        replace(row(), generation=2**70),
        row(args=[object()]),
    ],
    ids=["an error", "by its name", "not to be compiled", "a print", "a life", "no JSON"],
)
def test_what_cannot_be_packed_is_kept_as_it_is(version) -> None:
    book = Book()
    book.learn_rows([version], 0)
    assert not len(book._shelf)
    assert [each.version for each in book.line("e")] == [version]
    assert (book.source_of("e"), len(book), list(book)) == (0, 1, ["e"])
    book.settle("e", record(version))
    assert book.record("e") == record(version)


def test_more_sources_than_there_is_room_for_are_kept_as_they_are() -> None:
    book = Book()
    for number in range(300):
        book.learn_rows([row(f"e{number}")], number)
    assert len(book._shelf) == 256
    assert [book.source_of(f"e{number}") for number in (0, 255, 256, 299)] == [0, 255, 256, 299]


@pytest.mark.parametrize(
    "fields",
    [
        {"open": Reason.PAUSED, "pause": Pause("me", START, "")},
        {"pause": Pause("me", START, "")},
        {"removed": True},
        {"runs": 2**32},
        {"seq": 2**63},
        {"generation": 9},
        {"fingerprint": 8},
    ],
)
def test_a_record_that_says_more_is_kept_beside_its_row(fields) -> None:
    book, version = Book(), row()
    book.learn_rows([version], 0)
    plain, odd = record(version, runs=3, cursor=START + 9), record(version, **fields)
    for each in (plain, odd, plain, odd, None, odd, None):
        book.settle("e", each)
        assert book.record("e") == each
        assert (book.next_moment("e", START, 0) is None) == (each is odd and ("open" in fields))
    assert len(book._shelf) == 1


def test_a_line_is_packed_once_what_is_left_of_it_is_good() -> None:
    book, versions = Book(), [row(error="bad"), row(number=2), row(number=3)]
    book.learn_rows(versions, 0)
    assert not len(book._shelf)
    book.settle("e", record(versions[1]))
    assert (numbers(book), len(book._shelf)) == ([START + 2, START + 3], 1)
    book.settle("e", record(versions[2], runs=4))
    assert (numbers(book), len(book._shelf), book.record("e").runs) == ([START + 3], 1, 4)
    assert book.learn_rows(versions, 0) == []
    assert book.learn_rows([*versions, row(number=4)], 0) == ["e"]
    assert (numbers(book), len(book._shelf), book.record("e").runs) == ([START + 3, START + 4], 1, 4)


def test_a_record_of_a_version_that_is_not_read_yet_leaves_the_row_unknown() -> None:
    book, latter = Book(), row(number=2)
    book.learn_rows([row()], 0)
    book.settle("e", record(latter))
    assert (book.knows_version("e"), book.next_moment("e", START + 9, 0), "e" in book) == (False, START + 9, True)
    book.learn_rows([row()], 0)
    assert not book.knows_version("e")
    assert book.learn_rows([row(), latter], 0) == ["e"]
    assert (book.knows_version("e"), len(book._shelf)) == (True, 1)


def test_a_version_that_reads_otherwise_than_it_did_is_not_known() -> None:
    book = Book()
    book.learn_rows([row()], 0)
    book.settle("e", record(row()))
    assert book.learn_rows([replace(row(), fingerprint=9)], 0) == ["e"]
    assert not book.knows_version("e")


def test_places_and_arguments_of_rows_that_are_gone_are_used_again(monkeypatch) -> None:
    monkeypatch.setattr(shelf, "_UNTIDY", 100)
    book, random = Book(), Random(1)
    texts = {}
    for number in range(1, 2000):
        name = f"e{random.randrange(40)}"
        texts[name] = b'["%s"]' % (b"x" * random.randrange(90))
        if random.random() < 0.2:
            book.learn_rows([row(name, number, error="bad")], 0)
            texts.pop(name)
        else:
            former = [row(name, number - 1, gone=True)] if number % 3 == 0 else []
            book.learn_rows([*former, row(name, number, args=texts[name])], 0)
    assert {name: book.line(name)[-1].entry.call for name in book._shelf} == {
        name: b"[%b,{}]" % text for name, text in texts.items()
    }
    (page,) = book._shelf._pages
    assert len(page.calls) < 40 * 100 * 3
    assert book._shelf._used <= 80


def test_what_is_said_of_packed_rows_is_what_the_rules_say() -> None:
    random, book = Random(7), Book()
    choices = ["every 7s", "* * * * *", "sunset 52.52 13.40", "at 2020-01-01T00:00Z", "0 8 * * mon"]
    for number in range(1, 200):
        version = row(f"e{number}", random.randrange(1, 10**9), schedule=random.choice(choices))
        rec = None
        if random.random() < 0.6:
            since = START + random.randrange(-DAY, 0)
            cursor = since + random.choice([0, random.randrange(DAY)])
            rec = record(version, since=since, cursor=cursor, runs=random.randrange(9), seq=random.getrandbits(63))
        versions = [version]
        for _ in range(random.choice([0, 0, 1, 2])):
            gone, number_there = random.random() < 0.3, versions[-1].number - START
            following = number_there + random.randrange(1, 10**9)
            versions.append(row(version.name, following, gone=gone, schedule=random.choice(choices)))
        book.learn_rows(versions, number % 3)
        book.settle(version.name, rec)
        line, now = tuple(map(compiled, versions)), START + random.randrange(-DAY, DAY)
        moment = Moment(now, 1, START + random.randrange(-DAY, DAY))
        assert book.record(version.name) == rec
        assert book.next_moment(version.name, now, moment.installed) == next_moment(line, rec, now, moment.installed)
        assert book.is_late(version.name, moment, LATE_AFTER) == is_late(line, rec, moment, LATE_AFTER)
        told = book.line(version.name), book.record(version.name)
        item = decide(version.name, line, rec, moment, RULES)
        assert (told[0], decide(version.name, *told, moment, RULES)) == (line, item)
        if item is not None:
            book.settle(version.name, item.record)
            rest = tuple(each for each in line if each.number >= item.record.version)
            assert (book.record(version.name), book.line(version.name)) == (item.record, rest)
            assert item.following in (None, book.next_moment(version.name, now, moment.installed))
            assert book.knows_version(version.name)
    assert len(book._shelf) == 199


def test_names_are_told_by_part() -> None:
    book = Book()
    book.learn_rows([row(f"r{number}") for number in range(50)], 0)
    book.learn([of_set(f"s{number}") for number in range(50)], whole=True)
    every = sorted(f"{kind}{n}" for kind in "rs" for n in range(50))
    even = frozenset(range(0, PARTS, 2))
    assert sorted(book.names(even)) == [name for name in every if part_of(name) in even]
    assert sorted(book.names(frozenset(range(PARTS)))) == every


def test_what_was_loaded_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    try:
        Book().settle_down()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


# ---------------------------------------------------------------- the set and tables beside each other


def test_learning_the_set_forgets_no_row_and_the_reverse() -> None:
    book = Book()
    book.learn([of_set("a"), of_set("b", 2)], whole=True)
    book.learn_rows([row("r"), row("bad", error="x")], 0)
    book.learn([of_set("b", 2)], whole=True)
    assert (sorted(book.names(frozenset(range(PARTS)))), book.revision) == (["b", "bad", "r"], 2)
    assert [book.source_of(name) for name in ("b", "bad", "r")] == [SET, 0, 0]


@pytest.mark.parametrize("set_first", [True, False])
def test_a_name_belongs_to_whoever_had_it_first_in_whatever_order_they_are_read(set_first) -> None:
    for at, owner in ((50, 0), (-50, SET)):
        book = Book()
        read_both(book, at, set_first=set_first)
        assert book.source_of("e") == owner
        assert book.taken(0) == ({} if owner == 0 else {"e": "a.toml, line 3"})
        assert book.taken(SET) == ({} if owner == SET else {"e": TABLE})
        assert (book.freed(), len(book.line("e"))) == ([], 1)
        # The sweep compares what the table has.
        assert book.newest("e", 0) == (START + 1, 7)


@pytest.mark.parametrize("set_first", [True, False])
def test_a_record_decides_whose_a_name_is(set_first) -> None:
    for version, at, owner in ((of_set(at=50), 50, SET), (row(), -50, 0)):
        book = Book()
        read_both(book, at, set_first=set_first)
        assert book.source_of("e") != owner
        book.settle("e", record(version))
        assert (book.source_of("e"), book.knows_version("e")) == (owner, True)
        # Also after all of it was read again.
        book.learn([of_set(at=at)], whole=True)
        book.learn_rows([row()], 0)
        assert book.source_of("e") == owner


def test_a_lost_version_is_known_by_its_life() -> None:
    book = Book()
    book.learn([of_set(at=-50)], whole=True)
    book.learn_rows([row()], 0)
    book.settle("e", record(row(number=9)))
    assert (book.source_of("e"), book.knows_version("e")) == (0, False)
    book.settle("e", record(of_set(number=9)))
    assert (book.source_of("e"), book.knows_version("e")) == (SET, False)


def test_of_two_tables_the_first_has_the_name() -> None:
    book = Book()
    book.learn_rows([row(number=5, life=5)], 0)
    assert book.learn_rows([row(number=9, life=2)], 1) == ["e"]
    assert (book.source_of("e"), book.taken(0), book.taken(1), book.highest) == (1, {"e": TABLE}, {}, START + 9)
    assert book.learn_rows([row(number=9, life=2)], 1) == []


def test_a_row_takes_over_from_the_set_once_it_was_touched() -> None:
    book = Book()
    book.learn([of_set()], whole=True)
    book.learn_rows([row()], 0)
    book.settle("e", record(of_set()))
    assert book.taken(0) == {"e": "a.toml, line 3"}
    # Above every number of a row that was known.
    removal = of_set(number=START + 3, at=3, gone=True)
    assert book.learn([removal], whole=False) == ["e"]
    assert (book.freed(), book.taken(0), book.newest("e")) == ([(0, "e")], {}, (START + 3, removal.fingerprint))
    touched = row(number=8)
    assert book.learn_rows([row(), touched], 0) == ["e"]
    assert (book.freed(), book.taken(0)) == ([], {})


def test_the_versions_of_two_owners_are_taken_in_one_after_another() -> None:
    book = Book()
    versions = [of_set(), of_set(number=START + 3, at=3, gone=True)]
    book.learn(versions, whole=True)
    book.settle("e", record(of_set()))
    book.learn_rows([row(), row(number=8)], 0)
    assert (numbers(book), book.source_of("e")) == ([1, START + 3, START + 8], 0)
    book.settle("e", record(versions[1], removed=True))
    assert numbers(book) == [START + 3, START + 8]
    book.settle("e", record(row(number=8)))
    assert (numbers(book), len(book._shelf), book._claims) == ([START + 8], 1, {})
    # The set's removal is still told, and says nothing any more.
    book.learn([versions[1]], whole=True)
    assert (numbers(book), len(book._shelf), book._claims) == ([START + 8], 1, {})


def test_the_set_takes_over_from_a_row_that_is_gone() -> None:
    book = Book()
    book.learn_rows([row(number=5)], 0)
    book.learn([of_set(number=START + 6, at=6)], whole=True)
    assert (book.source_of("e"), list(book.taken(SET))) == (0, ["e"])
    book.learn_rows([row(number=5), row(number=9, gone=True)], 0)
    # What the row owed is settled first, though it has no record yet.
    assert (numbers(book), book.freed()) == ([START + 5, START + 9], [(SET, "e")])
    assert book.learn([of_set(number=START + 6, at=6), of_set(number=START + 10, at=10)], whole=True) == ["e"]
    assert (numbers(book), book.freed(), book.source_of("e")) == ([START + 5, START + 9, START + 10], [], SET)


def test_a_name_that_the_set_says_no_more_of_is_the_rows() -> None:
    book = Book()
    book.learn([of_set(at=-50), of_set("b")], whole=True)
    book.learn_rows([row()], 0)
    assert book.source_of("e") == SET
    assert sorted(book.learn([of_set("b")], whole=True)) == ["b", "e"]
    assert (book.source_of("e"), book.taken(0), book._claims) == (0, {}, {})


def test_a_row_that_is_gone_bars_nobody() -> None:
    book = Book()
    book.learn_rows([row(gone=True)], 0)
    book.learn([of_set(at=50)], whole=True)
    assert (numbers(book), book.source_of("e"), book.freed(), book.taken(SET)) == ([1], SET, [], {})
    book.settle("e", record(of_set(at=50)))
    book.learn_rows([row(number=9, life=9)], 0)
    assert (book.source_of("e"), list(book.taken(0))) == (SET, ["e"])


@pytest.mark.parametrize("has_set", [False, True])
def test_a_removal_that_is_told_of_no_more_is_followed_by_whoever_had_the_name_first_since(has_set) -> None:
    book = Book()
    if has_set:
        book.learn([of_set(number=5), of_set(number=6, gone=True), of_set(number=7)], whole=True)
    book.learn_rows([row(number=9, life=9)], 0)
    book.learn_rows([row(number=11, life=2)], 1)
    book.settle("e", record(row(number=8, life=3, gone=True), removed=True))
    assert (book.source_of("e"), numbers(book)) == (0, [START + 9])


def test_a_removal_that_was_noted_for_a_lost_version_follows_it() -> None:
    book = Book()
    book.learn([of_set(number=START + 2)], whole=True)
    book.settle("e", record(row(number=5, life=5)))
    assert (book.source_of("e"), book.knows_version("e")) == (SET, False)
    book.learn_rows([row(number=6, life=0, gone=True)], 0)
    assert (book.source_of("e"), numbers(book)) == (0, [START + 6])
    book.settle("e", record(row(number=6, life=5), removed=True))
    # Once there is nothing but a tombstone, the store tells what the set has below it.
    book.learn([of_set(number=START + 2)], whole=True)
    assert book.freed() == [(SET, "e")]
