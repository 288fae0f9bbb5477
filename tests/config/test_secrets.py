from pathlib import Path

import pytest

from beatd.config.secrets import resolve, secret_origin
from beatd.core.field_values import FieldError


def test_a_plain_value_is_itself() -> None:
    assert resolve("queue", "q", {}, "") == ("q", "")


def test_a_file_that_is_empty_is_no_value(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(FieldError, match="is empty"):
        resolve("broker", {"file": "empty"}, {}, str(tmp_path))


@pytest.mark.parametrize(
    ("origin", "secret"), [("a.toml:3 (env URL)", True), ("a.toml:3 (file /run/url)", True), ("a.toml:3", False)]
)
def test_the_origin_tells_a_secret(origin: str, *, secret: bool) -> None:
    assert secret_origin(origin) is secret
