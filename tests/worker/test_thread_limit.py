import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from beatd.errors import SoftTimeLimitExceeded
from beatd.worker.soft_limit import SoftLimit, soft_limit
from beatd.worker.thread_limit import ThreadLimit


@pytest.fixture
def in_thread():
    """Run a function in a thread of its own; return what it returns, or raise what it raises."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda function: pool.submit(function).result(30)


@pytest.fixture
def switch_after():
    """Let threads take turns after so many seconds."""
    former = sys.getswitchinterval()
    yield sys.setswitchinterval
    sys.setswitchinterval(former)


def test_the_main_thread_has_the_limit_that_interrupts_what_waits(in_thread):
    assert isinstance(soft_limit(1), SoftLimit)
    assert isinstance(in_thread(lambda: soft_limit(1)), ThreadLimit)


def spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_what_runs_too_long_is_told_by_how_much(in_thread):
    def run():
        with ThreadLimit(0.05):
            spin(20)

    with pytest.raises(SoftTimeLimitExceeded, match=r"^soft time limit of 0\.05 s exceeded$"):
        in_thread(run)


def test_a_task_that_catches_it_is_left_alone(in_thread):
    def run():
        with ThreadLimit(0.02):
            try:
                spin(20)
            except SoftTimeLimitExceeded:
                spin(0.1)
                return "cleaned up"

    assert in_thread(run) == "cleaned up"


@pytest.mark.parametrize("seconds", [None, 20])
def test_what_ends_in_time_ends_as_it_does(in_thread, seconds):
    def run():
        with ThreadLimit(seconds):
            return 1

    assert in_thread(run) == 1


def test_nothing_is_raised_once_the_task_has_ended_however_close(in_thread, switch_after):
    # The limit's own thread gets its turn within this: by default five times the limit, and never in most rounds.
    switch_after(0.00005)

    def run():
        raised = 0
        for number in range(400):
            try:
                with ThreadLimit(0.001):
                    # Every fortieth surely goes beyond it; the others end around it.
                    spin(0.0006 + number % 40 * 0.00004 if number % 40 else 20)
            except SoftTimeLimitExceeded:
                raised += 1
            spin(0.0003)
        spin(0.05)
        return raised

    # An error that came late would end the function in its loop.
    assert 10 <= in_thread(run) <= 400


def test_a_limit_that_is_over_at_once_is_raised_as_what_it_is(in_thread, switch_after):
    switch_after(0.00001)

    def run():
        raised = 0
        for _ in range(300):
            try:
                with ThreadLimit(0.0):
                    spin(20)
            except SoftTimeLimitExceeded:
                raised += 1
        return raised

    assert in_thread(run) == 300


def test_an_error_that_has_not_come_yet_is_taken_back(in_thread):
    def run():
        limit = ThreadLimit(0.01)
        with limit:
            # In C all the time: it is raised in this thread only afterwards, if at all.
            try:
                time.sleep(0.1)
            except SoftTimeLimitExceeded:
                return "in time"
        return spin(0.05) or "taken back"

    assert in_thread(run) in {"in time", "taken back"}
