"""Results as Celery's backend has them, also those that nobody of ours wrote."""

import pickle

import pytest

from beatd.core.states import State
from beatd.rediskit.celery_meta import stored_in


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("SUCCESS", State.SUCCESS),
        ("FAILURE", State.FAILURE),
        ("REVOKED", State.REVOKED),
        ("RECEIVED", State.PENDING),
        ("REJECTED", State.FAILURE),
        ("IGNORED", State.SUCCESS),
    ],
)
def test_a_state_of_celerys_is_told_as_ours(status, state) -> None:
    text = f'{{"status":"{status}","result":1,"task_id":"m","children":[],"date_done":"1970-01-01T00:00:05+00:00"}}'
    stored = stored_in("m", text.encode())
    assert (stored.state, stored.result, stored.finished_at) == (state, 1, 5_000_000)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        pickle.dumps({"status": "SUCCESS"}),
        b'{"status":"LOST"}',
        b'{"status":"SUCCESS","date_done":"yesterday"}',
        b'{"status":"SUCCESS","date_done":7}',
    ],
)
def test_what_cannot_be_read_is_not_known(text) -> None:
    assert stored_in("m", text) is None


def test_a_moment_without_zone_is_utc() -> None:
    text = b'{"status":"SUCCESS","result":null,"date_done":"1970-01-01T00:00:05.000001"}'
    assert stored_in("m", text).finished_at == 5_000_001
