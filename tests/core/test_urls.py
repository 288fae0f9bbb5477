import pytest

from beatd.core.urls import masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:secret@host:6379/0", "redis://u:***@host:6379/0"),
        ("redis://:secret@host/0", "redis://:***@host/0"),
        ("amqp://u:se@cr/et:x@host//", "amqp://u:***@host//"),
        ("sqlite:///beatd.db", "sqlite:///beatd.db"),
        ("redis://host:6379/0", "redis://host:6379/0"),
    ],
)
def test_no_part_of_a_password_is_shown(url, shown) -> None:
    assert masked(url) == shown
