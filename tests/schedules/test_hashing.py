import pytest

from beatd.core import identity
from beatd.schedules.hashing import stable_hash


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), 8_238_016_292_129_134_938),
        (("",), 8_238_016_292_129_134_938),
        (("jitter", "report", "0"), 3_284_888_846_518_060_120),
        (("H", "minute", "backup"), 8_225_419_960_440_205_958),
        (("H", "hour", "backup"), 5_316_772_946_425_440_928),
        (("H", "minute", "Ünïcödé ✓"), 408_871_784_548_022_483),
    ],
)
def test_the_hash_is_the_same_on_every_host_and_version(words, wanted):
    assert stable_hash(*words) == wanted


def test_jitter_and_fingerprints_use_the_same():
    assert identity.stable_hash is stable_hash


def test_a_name_that_no_encoding_has_is_hashed_too():
    assert 0 <= stable_hash("H", "minute", "\udc80") < 1 << 63
