import subprocess
import sys
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from beatd.core.identity import NAMESPACE, PARTS, jitter, message_id, part_of, stable_hash, uuid4_of

FIRE = 1_798_135_200_000_000


def test_the_id_of_a_fire_is_pinned() -> None:
    assert message_id("beatd", "nightly-backup", 1, FIRE) == "6c013e3c-c2c8-5ecb-a53e-02850db3d691"


@given(st.binary(min_size=16, max_size=16))
def test_a_random_id_is_what_the_standard_library_makes_of_the_same_bytes(random: bytes) -> None:
    assert uuid4_of(random) == str(UUID(bytes=random, version=4))


def test_each_part_of_an_identity_makes_another_id() -> None:
    ids = {
        message_id("beatd", "a", 1, FIRE),
        message_id("other", "a", 1, FIRE),
        message_id("beatd", "b", 1, FIRE),
        message_id("beatd", "a", 2, FIRE),
        message_id("beatd", "a", 1, FIRE + 1),
    }
    assert len(ids) == 5


def test_a_name_that_looks_like_another_identity_makes_another_id() -> None:
    assert message_id("beatd", "1\n2\na", 1, FIRE) != message_id("beatd\n1", "a", 1, FIRE)


def test_hashes_are_pinned() -> None:
    assert stable_hash("jitter", "report", "0") == 3_284_888_846_518_060_120
    assert part_of("nightly-backup") == 18


def test_hashes_do_not_depend_on_the_process() -> None:
    code = "from beatd.core.identity import stable_hash; print(stable_hash('a', 'b'))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {f"{stable_hash('a', 'b')}\n"}


def test_parts_are_shared_evenly() -> None:
    found = [part_of(f"entry {number}") for number in range(6400)]
    assert set(found) == set(range(PARTS))
    assert max(found.count(part) for part in range(PARTS)) < 150


def test_jitter_stays_below_its_width_and_the_next_fire() -> None:
    found = [jitter("report", FIRE + number, 1000, None) for number in range(200)]
    assert all(0 <= value < 1000 for value in found)
    assert len(set(found)) > 100
    assert all(jitter("report", FIRE + number, 1000, 10) < 10 for number in range(200))
    assert jitter("report", FIRE, 0, None) == 0


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")), st.integers(), st.integers())
def test_ids_are_uuids_of_version_5(namespace: str, entry: str, generation: int, fire_time: int) -> None:
    expected = uuid5(NAMESPACE, f"{namespace}\n{generation}\n{fire_time}\n{entry}")
    assert message_id(namespace, entry, generation, fire_time) == str(expected)
