import pytest

from beatd.core.toml_text import LARGEST, read_document
from beatd.errors import DefinitionError


def test_a_byte_order_mark_says_nothing() -> None:
    assert read_document(b"\xef\xbb\xbf[beatd]\nqueue = 'q'", "f.toml").data == {"beatd": {"queue": "q"}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[beatd]\n# caf\xe9", "f.toml:2:6: is not UTF-8 text (byte 0xe9); save it as UTF-8"),
        ("[beatd]".encode("utf-16"), "f.toml:1:1: is not UTF-8 text (byte 0xff); save it as UTF-8"),
        (b"[schedule.x]", "f.toml:1: schedule: unknown table; did you mean 'schedules'?"),
        (
            b"[beatd]\n[celery]",
            (
                "f.toml:2: celery: unknown table; "
                "a file has the tables [beatd], [defaults], [calendars.NAME] and [schedules.NAME]"
            ),
        ),
        (b"schedules = 1", "f.toml:1: schedules: must be a table; write [schedules.NAME]"),
        (b"\n\n[[beatd]]", "f.toml:3: beatd: must be a table; write [beatd]"),
        (
            b"#" * (LARGEST + 1),
            "f.toml: is longer than 64 MiB; spread the entries over several files of a folder",
        ),
    ],
)
def test_a_file_that_is_not_beatds_is_refused_in_words(content: bytes, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_document(content, "f.toml")
    assert str(caught.value) == says
