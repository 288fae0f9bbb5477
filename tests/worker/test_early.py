"""A template that is begun before the settings are known."""

import os
import select
import time

import pytest

from beatd.errors import AppImportError, BeatdError
from beatd.worker.template.early import EarlyTemplate


@pytest.fixture
def begin():
    """Begin one that has a spec for nobody; it is ended at the end."""
    begun = []

    def make(read):
        begun.append(EarlyTemplate(read, lambda: pytest.fail("not asked for"), slots=1, what="importing shop"))
        return begun[-1]

    yield make
    for each in begun:
        each.end()


def hang():
    time.sleep(60)


def test_an_import_that_hangs_shows_where(begin, capfd):
    early = begin(hang)
    with pytest.raises(BeatdError, match=r"^importing shop did not end within 0.2 s$"):
        early.answer(0.2)
    assert "in hang" in capfd.readouterr().err


def test_an_import_that_fails_is_told(begin):
    def fail():
        raise AppImportError("no module named 'shop'")

    with pytest.raises(AppImportError, match="no module named 'shop'"):
        begin(fail).answer(5)


def test_one_that_is_not_wanted_ends(begin, is_alive):
    early = begin(os.getpid)
    pid = early.answer(5)
    assert is_alive(pid)
    early.end()
    assert not is_alive(pid)


def test_one_that_has_died_by_the_time_it_is_wanted_is_seen_to_have_ended(begin, until):
    early = begin(os.getpid)
    os.kill(early.answer(5), 9)
    select.select([early.door], [], [], 5)
    with early.door:
        assert until(early.go("w").reap) == -9
    early.wake.close()
