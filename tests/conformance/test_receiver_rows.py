"""Receiving from a table that anybody can write to."""

import pytest

from beatd.core.states import State
from tests.conformance.conftest import DRIVERS

BROKEN = {"bad": "{bad", "list": "[1]", "empty": "", "deep": "[" * 10_000, "half": '{"a": "\\ud800"}'}


@pytest.fixture(params=["sqlite", "postgresql"])
def driver(request, tmp_path, clock):
    yield from DRIVERS[request.param](tmp_path, clock)


def test_a_message_whose_headers_cannot_be_read_is_dead_and_holds_up_nobody(driver, make, claimed, caplog):
    driver.sender.send_many([make.message(id=name) for name in (*BROKEN, "good")])
    with driver.db.write() as connection:
        for name, headers in BROKEN.items():
            connection.exec_driver_sql(f"UPDATE beatd_messages SET headers = '{headers}' WHERE id = '{name}'")
    assert claimed(limit=1) == ["good"]
    assert driver.admin.sizes()["celery"] == {"ready": 0, "delayed": 0, "claimed": 1, "dead": len(BROKEN)}
    ends = {name: driver.outcomes.get(name) for name in BROKEN}
    assert {end.state for end in ends.values()} == {State.FAILURE}
    assert {end.result["exc_type"] for end in ends.values()} == {"MalformedMessageError"}
    assert all(end.reason.startswith("the headers are no JSON object: ") for end in ends.values())
    told = {(record.levelname, record.action, record.message_id, record.reason) for record in caplog.records}
    assert told == {("ERROR", "dead", name, end.reason) for name, end in ends.items()}
