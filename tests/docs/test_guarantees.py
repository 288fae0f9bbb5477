"""Each cell of the table of guarantees names tests, and they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/guarantees.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)))


def test_the_table_names_tests() -> None:
    rows = re.findall(r"^\| .*::test_.*\|$", TEXT, re.MULTILINE)
    assert len(rows) >= 9


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_each_test_that_is_named_is_there(file: str, test: str) -> None:
    source = (ROOT / file).read_text()
    assert not test or f"def {test}(" in source
