"""What code prints."""

# ruff: noqa: T201  printing is what is tested

import io
import logging
import subprocess
import sys
import threading

import pytest

from beatd.processes.output import LogStream, finish_lines, output_logged
from beatd.processes.running import belong_to_no_task, fields_now, running


@pytest.fixture
def said(caplog):
    """What was logged so far: level and text."""
    caplog.set_level(logging.INFO, logger="beatd.task")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records]


def test_each_line_is_a_record(said):
    with output_logged():
        print("one\ntwo", 3)
        print("four", file=sys.stderr)
        print("fi", end="")
        print("ve")
        print()
    assert said() == [("INFO", "one"), ("INFO", "two 3"), ("WARNING", "four"), ("INFO", "five")]


def test_a_line_without_an_end_is_a_record_when_the_task_has_ended(said):
    with output_logged():
        print("begun", end="", flush=True)
        assert said() == []
        finish_lines()
        assert said() == [("INFO", "begun")]


def test_a_line_without_any_end_does_not_grow_for_ever(said):
    with output_logged():
        for _ in range(100):
            print("x" * 1000, end="")
        assert len(said()) == 1


def test_each_thread_has_its_own_unfinished_letter(said):
    with output_logged():
        sys.stdout.buffer.write("ä\n".encode()[:1])
        other = threading.Thread(target=lambda: sys.stdout.buffer.write("ö\n".encode()))
        other.start()
        other.join()
        sys.stdout.buffer.write("ä\n".encode()[1:])
    assert [text for _, text in said()] == ["ö", "ä"]


def test_half_a_letter_is_shown_when_the_task_has_ended_and_does_not_spoil_the_next(said):
    with output_logged():
        sys.stdout.buffer.write("half ä".encode()[:-1])
        finish_lines()
        sys.stdout.buffer.write("ö\n".encode())
    assert [text for _, text in said()] == ["half \\xc3", "ö"]


def test_bytes_are_text_where_they_can_be(said):
    with output_logged():
        sys.stdout.buffer.write("ä\n".encode()[:1])
        sys.stdout.buffer.write("ä\n".encode()[1:])
        sys.stdout.buffer.write(b"\xff\n")
        sys.stdout.buffer.close()
        sys.stdout.close()
        sys.stdout.reconfigure(line_buffering=True)
        print("after")
    assert [text for _, text in said()] == ["ä", "\\xff", "after"]


def test_what_is_no_text_is_refused_as_by_any_stream(said):
    with output_logged(), pytest.raises(TypeError, match="must be str, not bytes"):
        sys.stdout.write(b"x")


def test_a_handler_that_writes_to_the_stream_itself_does_not_turn_in_circles(said, caplog):
    under = io.StringIO()
    stream = LogStream(logging.INFO, under)
    handler = logging.StreamHandler(stream)
    logging.getLogger("beatd.task").addHandler(handler)
    try:
        stream.write("once\n")
    finally:
        logging.getLogger("beatd.task").removeHandler(handler)
    assert said() == [("INFO", "once")]
    assert under.getvalue() == "once\n"


def test_a_process_may_be_started_with_it(tmp_path):
    with (tmp_path / "out").open("w") as under:
        subprocess.run(["echo", "hello"], stdout=LogStream(logging.INFO, under), check=True)
    assert (tmp_path / "out").read_text() == "hello\n"
    with pytest.raises(io.UnsupportedOperation):
        LogStream(logging.INFO, None).fileno()


def test_fields_are_those_of_what_runs_here_and_gone_afterwards():
    assert fields_now() == {}
    seen = []

    def look():
        seen.append(fields_now())
        belong_to_no_task()
        seen.append(fields_now())

    with running({"task": "a"}):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [{"task": "a"}, {}]
    with running({"task": "a"}):
        assert fields_now() == {"task": "a"}
        with running({"task": "b"}):
            assert fields_now() == {"task": "b"}
        assert fields_now() == {"task": "a"}
    assert fields_now() == {}
