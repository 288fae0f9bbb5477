import io
import json
import logging
import re

import pytest

from beatd.errors import SettingsError
from beatd.processes.logs import JsonFormatter, LogfmtFormatter, TextFormatter, set_up_logging


def record(message="task done", level=logging.INFO, **extra):
    made = logging.getLogger("beatd.worker").makeRecord("beatd.worker", level, "f", 1, message, (), None)
    vars(made).update(extra)
    return made


DONE = {"action": "done", "task": "shop.heartbeat", "runtime_ms": 12.3, "message_id": "x"}


def test_a_live_line_says_when_what_and_how_long():
    line = TextFormatter(colour=False).format(record(**DONE))
    assert re.fullmatch(r"\d\d:\d\d:\d\d done    shop.heartbeat +12 ms", line)


def test_a_fired_line_names_the_entry_and_how_late():
    line = TextFormatter(colour=False).format(record("fired", action="fired", entry="heartbeat", lateness_ms=3.1))
    assert re.fullmatch(r"\d\d:\d\d:\d\d fired   heartbeat +\+3 ms", line)


def test_a_line_of_a_task_that_an_entry_fired_names_both():
    line = TextFormatter(colour=False).format(record(**DONE, entry="sales-today"))
    assert re.fullmatch(r"\d\d:\d\d:\d\d done    sales-today \(shop.heartbeat\)  +12 ms", line)


def test_an_entry_that_is_named_as_its_task_is_named_once():
    line = TextFormatter(colour=False).format(record(**DONE, entry="shop.heartbeat"))
    assert line.count("shop.heartbeat") == 1


def test_any_other_line_keeps_its_sentence_and_fields():
    line = TextFormatter(colour=False).format(record("a child ended", logging.ERROR, action="restart", pid=7))
    assert line.endswith(" error   a child ended  pid=7")


def test_colour_paints_the_word_only():
    assert "\x1b[32mdone   \x1b[0m" in TextFormatter(colour=True).format(record(**DONE))


@pytest.mark.parametrize("formatter", [TextFormatter(colour=False), LogfmtFormatter(), JsonFormatter()])
def test_a_record_is_one_line_whatever_is_in_it(formatter):
    line = formatter.format(record("two\nlines", action="failed", task="a\nb", error='x\r\n"y"\x1b[31m\u2028'))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_logfmt_quotes_what_has_blanks_and_escapes_quotes():
    line = LogfmtFormatter().format(record("it is", action="x", error='say "hi" \\ a=b'))
    assert 'message="it is" action=x error="say \\"hi\\" \\\\ a=b"' in line
    assert line.startswith("time=")
    assert "Z level=info logger=beatd.worker " in line


def test_json_holds_the_fields_as_values():
    content = json.loads(JsonFormatter().format(record(**DONE)))
    assert content["runtime_ms"] == 12.3
    assert content["message"] == "task done"
    assert content["level"] == "info"


def test_an_exception_becomes_fields():
    import sys

    try:
        int("broken")
    except ValueError:
        made = record("failed", logging.ERROR)
        made.exc_info = sys.exc_info()
    content = json.loads(JsonFormatter().format(made))
    assert content["error"] == "ValueError: invalid literal for int() with base 10: 'broken'"
    assert "Traceback" in content["traceback"]


@pytest.fixture
def root():
    logger = logging.getLogger()
    former = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:], level = former
    logger.setLevel(level)


def test_auto_is_logfmt_where_there_is_no_terminal(root):
    stream = io.StringIO()
    set_up_logging("info", "auto", stream)
    logging.getLogger("beatd.run").info("ready", extra={"action": "ready"})
    logging.getLogger("beatd.run").debug("hidden")
    assert stream.getvalue().count("\n") == 1
    assert "message=ready action=ready" in stream.getvalue()


def test_no_color_is_honoured_on_a_terminal(root, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for value, coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", value)
        stream = Terminal()
        set_up_logging("info", "auto", stream)
        logging.getLogger("beatd.worker").info("task done", extra=DONE)
        assert ("\x1b[" in stream.getvalue()) is coloured


def test_a_line_is_one_write_and_a_closed_log_stops_nobody(root, tmp_path):
    with (tmp_path / "log").open("w") as stream:
        set_up_logging("info", "logfmt", stream)
        logging.getLogger("beatd.run").info("written at once")
        assert "written at once" in (tmp_path / "log").read_text()
    logging.getLogger("beatd.run").info("nowhere to write")


@pytest.mark.parametrize(("level", "style"), [("loud", "auto"), ("info", "xml")])
def test_an_unknown_level_or_style_is_refused(root, level, style):
    with pytest.raises(SettingsError, match=r"there is no (level 'loud'|format 'xml'); use"):
        set_up_logging(level, style)
