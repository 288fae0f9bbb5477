import pytest

from beatd.config.sizes import size
from beatd.core.field_values import FieldError


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("200MB", 200_000_000),
        ("1.5GiB", 3 << 29),
        ("1.5 gib", 3 << 29),
        (" 20000kB ", 20_000_000),
        ("64mib", 64 << 20),
        ("52428800", 52_428_800),
        ("52428800B", 52_428_800),
        (52_428_800, 52_428_800),
        ("1tb", 10**12),
    ],
)
def test_sizes_have_decimal_and_binary_units_and_a_bare_number_is_bytes(given, found):
    assert size("max_memory_per_child", given) == found


@pytest.mark.parametrize("given", ["200M", "much", "", "-1MB", "1.5.5GB", "1e9", "200MB!", 1.5, True, None, ["1GB"]])
def test_what_is_no_size_is_refused_with_one_that_is(given):
    with pytest.raises(FieldError, match="must be an amount of memory, got") as raised:
        size("max_memory_per_child", given)
    assert raised.value.hint == 'write one such as "200MB" or "1.5GiB"; a bare number is bytes'


def test_a_size_in_another_unit_than_was_meant_is_refused():
    # 200 MB as Celery counts them.
    with pytest.raises(FieldError, match="200000 is less than any Python process takes; write one of 10MB or more"):
        size("max_memory_per_child", 200_000)
