"""What becomes of a name whose record is of a version that no table has told of."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from beatd.core.entry import Entry, Version
from beatd.core.record import Record
from beatd.rowports import Page
from beatd.scheduler.book import Book
from beatd.scheduler.tables.doubts import Doubts
from beatd.scheduler.tables.exchange import Exchange, Wake
from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.tables.table import Table
from beatd.testing import ManualClock

START = 1_800_000_000_000_000


def row(number, life=1, *, gone=False):
    entry = None if gone else Entry(name="e", task="t", schedule="every 10s")
    at = START + number
    return Version(name="e", number=at, changed_at=at, fingerprint=number, entry=entry, generation=START + life)


def of_set(number):
    entry = Entry(name="e", task="t", schedule="every 7s")
    return Version(name="e", number=START + number, changed_at=START, fingerprint=number, entry=entry)


def record(version, life=1):
    told = {"seq": version, "generation": START + life, "version": START + version, "fingerprint": version}
    return Record(**told, since=START, cursor=START)


@pytest.fixture
def tables():
    wake = Wake()
    yield [Table(number, SimpleNamespace(exchange=Exchange(wake), name="t")) for number in range(2)]
    wake.close()


def answer(doubts, tables, book, told):
    """Let the tables answer all that they were asked; return the names of which another version follows now."""
    followed = []
    for table in tables:
        asked = [name for name, _ in table.exchange.doubted]
        table.exchange.doubted.clear()
        followed += doubts.answered(table, asked, told.get(table.number, {}), book)
    return followed


def test_an_answer_that_may_be_older_than_the_record_settles_nothing(tables) -> None:
    book, doubts = Book(), Doubts(tables)
    book.learn_rows([row(1)], 0)
    book.learn_rows([row(9, life=2)], 1)
    book.settle("e", record(3))
    doubts.ask(["e"], book)
    book.settle("e", record(4))
    told = {0: {"e": row(1)}, 1: {"e": row(9, life=2)}}
    assert answer(doubts, tables, book, told) == []
    assert [list(table.exchange.doubted) for table in tables] == [[("e", (START + 4, 4))]] * 2
    assert [list(table.exchange.touches) for table in tables] == [[], []]
    answer(doubts, tables, book, told)
    assert [list(table.exchange.touches) for table in tables] == [[{"e": (START + 1, START + 4)}], []]


def test_a_removal_is_noted_where_the_name_was(tables) -> None:
    book, doubts = Book(), Doubts(tables)
    book.learn_rows([row(1), row(3, gone=True)], 1)
    book.settle("e", record(5))
    doubts.ask(["e"], book)
    assert answer(doubts, tables, book, {1: {"e": row(3, gone=True)}}) == []
    assert [list(table.exchange.touches) for table in tables] == [[], [{"e": (None, START + 5)}]]


def test_what_follows_a_tombstone_that_no_table_tells_of_is_taken_in(tables) -> None:
    book, doubts = Book(), Doubts(tables)
    book.learn([of_set(9)], whole=True)
    book.settle("e", replace(record(5), removed=True))
    doubts.ask(["e"], book)
    assert answer(doubts, tables, book, {}) == ["e"]


def test_a_tombstone_that_no_table_tells_of_is_left_as_it_is(tables) -> None:
    book, doubts = Book(), Doubts(tables)
    book.settle("e", replace(record(5), removed=True))
    doubts.ask(["e"], book)
    assert answer(doubts, tables, book, {}) == []
    assert [list(table.exchange.touches) for table in tables] == [[], []]


def test_only_what_is_read_after_a_doubt_arose_answers_it(tables) -> None:
    exchange = tables[0].exchange
    rows = SimpleNamespace(of=lambda *_: Page(versions=[]), name="t")
    reader = Reader(rows, None, ManualClock(datetime(2026, 3, 1, tzinfo=UTC)), exchange, keep=1)
    answers = []
    for queue, asked in ((exchange.asked, "e"), (exchange.doubted, ("e", None))):
        queue.append(asked)
        assert reader._read_names()
        answers.append(exchange.take())
    assert [(list(answer.asked), list(answer.doubted)) for answer in answers] == [(["e"], []), (["e"], ["e"])]
