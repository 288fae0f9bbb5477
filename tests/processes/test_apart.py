import os
import signal
import sys
import time

import pytest

from beatd.errors import AppImportError, BeatdError, SettingsError
from beatd.processes.apart import run_apart


def test_the_value_comes_back():
    assert run_apart(lambda: {"entries": [1, "ü", None]}) == {"entries": [1, "ü", None]}


def test_a_large_value_comes_back():
    assert len(run_apart(lambda: "x" * 1_000_000)) == 1_000_000


def test_what_is_imported_there_is_not_imported_here():
    def load():
        import colorsys

        return colorsys.__name__

    assert run_apart(load) == "colorsys"
    assert "colorsys" not in sys.modules


def test_something_is_done_here_meanwhile():
    reader, writer = os.pipe()
    assert run_apart(lambda: os.read(reader, 1).decode(), meanwhile=lambda: os.write(writer, b"x")) == "x"
    os.close(reader)
    os.close(writer)


def test_an_error_of_ours_comes_back_with_its_data():
    def fail():
        raise SettingsError("beatd.toml", "bad", "remedy")

    with pytest.raises(SettingsError, match=r"^beatd\.toml: bad; remedy$") as caught:
        run_apart(fail)
    assert caught.value.place == "beatd.toml"
    assert caught.value.hint == "remedy"


def test_an_import_error_of_ours_comes_back():
    def fail():
        raise AppImportError("no module 'shop'")

    with pytest.raises(AppImportError, match="no module 'shop'"):
        run_apart(fail)


def test_any_other_error_comes_back_as_text():
    with pytest.raises(BeatdError, match="ZeroDivisionError"):
        run_apart(lambda: 1 / 0)


def test_a_process_that_exits_is_told():
    with pytest.raises(BeatdError, match="the application ended its process with exit code 9 before it was done"):
        run_apart(lambda: os._exit(9), what="the application")


def test_system_exit_is_told():
    with pytest.raises(BeatdError, match="SystemExit: 2"):
        run_apart(lambda: sys.exit(2))


def test_one_that_never_ends_is_killed():
    with pytest.raises(BeatdError, match=r"did not end within 0.1 s"):
        run_apart(lambda: time.sleep(60), timeout=0.1)


def test_one_that_is_killed_is_not_told_as_one_that_took_too_long():
    with pytest.raises(BeatdError, match="the application was killed by SIGKILL before it was done"):
        run_apart(lambda: os.kill(os.getpid(), signal.SIGKILL), what="the application")


def test_a_process_it_left_behind_does_not_hold_it_up(is_alive):
    def leave_one():
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        return pid

    left = run_apart(leave_one, timeout=5)
    assert isinstance(left, int)
