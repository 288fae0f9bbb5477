"""The thread in which a table is read, and what passes between it and the scheduler."""

import logging
import threading
from collections.abc import Callable

import pytest

from beatd.clock import SystemClock
from beatd.errors import BrokerUnavailableError
from beatd.rowports import Changed, Page
from beatd.scheduler.tables.exchange import READ_AHEAD, Exchange, Reading, Wake
from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.tables.seen import Seen
from beatd.scheduler.tables.telling import Telling
from beatd.scheduler.tables.thread import ReaderThread

SECOND = 1_000_000


class Table:
    """A table without rows, that can be gone for a while; ``stands``: what a child process would inherit."""

    name = "test://table"

    def __init__(self) -> None:
        self.is_gone = False
        self.pages = 0
        self.thread: int | None = None
        self.changed_twice = threading.Event()

    def _ask(self) -> None:
        self.thread = threading.get_ident()
        if self.is_gone:
            raise BrokerUnavailableError(self.name, "gone")

    def mark(self) -> object:
        self._ask()
        return 0

    def changed(self, mark: object) -> Changed:
        self._ask()
        if mark == 2:
            self.changed_twice.set()
        return Changed(mark=int(mark) + 1, names=(), now=0)

    def page(self, after: str, limit: int) -> Page:
        self._ask()
        self.pages += 1
        return Page(versions=(), last=f"{self.pages}")

    def of(self, names) -> Page:
        return Page(versions=())

    def prints(self, after: str, limit: int):
        return [], None

    def wait(self, seconds: float) -> bool:
        threading.Event().wait(min(seconds, 0.01))
        return True

    def prune(self, **_: object) -> int:
        return 0


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def reader(table):
    wake = Wake()
    yield Reader(table, table, SystemClock(), Exchange(wake), keep=SECOND)
    wake.close()


@pytest.fixture
def thread(table, reader):
    made = ReaderThread(reader, lambda: None, SystemClock())
    yield made
    made.stop()


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not happen in time")


def test_a_reader_that_is_ahead_waits_until_what_it_read_was_taken(table, reader) -> None:
    for _ in range(20):
        reader.step()
    assert table.pages == READ_AHEAD
    assert isinstance(reader.exchange.take(), Reading)
    reader.step()
    assert table.pages == READ_AHEAD + 1


def test_a_table_that_is_gone_is_told_at_its_start_and_at_its_end_and_read_on(table, reader, thread, caplog) -> None:
    table.is_gone = True
    with caplog.at_level(logging.WARNING):
        thread.start()
        _until(lambda: "test://table is not available" in caplog.text)
        table.is_gone = False
        _until(lambda: "test://table is available again" in caplog.text)
    assert [record.message for record in caplog.records] == [
        "test://table is not available",
        "test://table is available again",
    ]
    assert table.changed_twice.wait(20)


def test_a_mistake_of_our_own_ends_no_thread(table, reader, thread, caplog, monkeypatch) -> None:
    monkeypatch.setattr(table, "mark", lambda: 1 // 0)
    thread.start()
    _until(lambda: "ZeroDivisionError" in caplog.text)
    monkeypatch.undo()
    assert table.changed_twice.wait(20)


def test_a_thread_at_rest_asks_for_nothing_and_goes_on_afterwards(table, reader) -> None:
    closed = []
    thread = ReaderThread(reader, lambda: closed.append(threading.get_ident()), SystemClock())
    thread.start()
    _until(lambda: table.thread is not None)
    with thread.resting():
        assert closed == [table.thread]
        table.thread = None
        threading.Event().wait(0.1)
        assert table.thread is None
    _until(lambda: table.thread is not None)
    thread.stop()
    assert len(closed) == 2


def test_a_name_is_told_of_at_once_and_then_not_for_ten_seconds() -> None:
    telling = Telling()
    telling.note("a")
    assert telling.due(0, 10) == ["a"]
    told = []
    for second in range(60):
        telling.note("a")
        told += [second for _ in telling.due(second * SECOND, 10)]
    assert len(told) >= 2
    assert all(latter - former >= 10 for former, latter in zip([0, *told], told, strict=False) if former != latter)


def test_no_more_is_told_of_than_there_is_room_for() -> None:
    telling = Telling()
    for name in "abc":
        telling.note(name)
    assert [telling.due(0, 2), telling.due(0, 2)] == [["a", "b"], ["c"]]


def test_what_was_not_seen_is_found_and_what_one_set_overlooks_the_next_one_finds() -> None:
    seen = Seen()
    assert "a" not in seen
    seen.add(["a", "b"])
    assert "a" in seen
    assert "b" in seen
    assert "c" not in seen
