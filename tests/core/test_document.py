from textwrap import dedent

import pytest

from beatd.core.document import nearest, parse_document
from beatd.errors import DefinitionError

TEXT = dedent('''\
    # a comment with [brackets]
    [beatd]
    note = """a
    [not.a.table]
    """
    [schedules."dotted.name".kwargs]
    'quoted key' = [1, [2,
      3], {deep = 1}] # ]
    a.b = 1
    [[list]]
    number = 1.5
    [schedules.inline]
    table = { x = 1, y.z = "}" }
    quotes = """"q"""""
    last = 1''')


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("beatd",), 2),
        (("beatd", "note"), 3),
        (("schedules",), 6),
        (("schedules", "dotted.name", "kwargs", "quoted key"), 7),
        (("schedules", "dotted.name", "kwargs", "quoted key", "deep"), 8),
        (("schedules", "dotted.name", "kwargs", "a", "b"), 9),
        (("list", "number"), 11),
        (("schedules", "inline", "table", "y", "z"), 13),
        (("schedules", "inline", "last"), 15),
        (("schedules", "absent"), None),
        (("not", "a", "table"), None),
    ],
)
def test_every_table_and_key_is_found_on_its_line(keys: tuple[str, ...], line: int | None) -> None:
    assert parse_document(TEXT, "f.toml").line(*keys) == line


def test_the_place_of_a_key_that_is_not_there_is_that_of_its_table() -> None:
    document = parse_document(TEXT, "f.toml")
    assert document.at("schedules", "inline", "absent") == "f.toml:12"
    assert document.at("absent") == "f.toml"


def test_lines_are_right_with_windows_line_ends() -> None:
    assert parse_document("[a]\r\nx = 1\r\ny = 2\r\n", "f.toml").line("a", "y") == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[beatd]\nbroker = ", "f.toml:2:10: not valid TOML: invalid value"),
        ("[beatd", "f.toml:1:7: not valid TOML: expected ']' at the end of a table declaration"),
        ("a = 1\na = 2", "f.toml:2:6: not valid TOML: cannot overwrite a value"),
        ('a = "\x00"', "f.toml:1:6: not valid TOML: illegal character '\\x00'"),
        ("a = 1\nnonsense\n", "f.toml:2:9: not valid TOML: expected '=' after a key in a key/value pair"),
    ],
)
def test_broken_toml_is_named_by_file_line_and_column(text: str, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_document(text, "f.toml")
    assert str(caught.value) == says


def test_nesting_without_end_is_refused_in_words() -> None:
    with pytest.raises(DefinitionError, match="nested too deeply"):
        parse_document("a = " + "[" * 100_000, "f.toml")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("timezoen", "did you mean 'timezone'?"), ("SCHEDULE", "did you mean 'schedule'?"), ("xyzzy", None)],
)
def test_the_nearest_known_name_is_suggested(name: str, hint: str | None) -> None:
    assert nearest(name, ["schedule", "timezone"]) == hint
