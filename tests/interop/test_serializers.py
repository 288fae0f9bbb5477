"""Messages in other forms than JSON pass between Celery's clients and workers and beatd's, both ways."""

import json

import pytest

from beatd.app.app import App
from beatd.config.settings import Settings
from beatd.core.protocol import decode_body
from beatd.wiring.drivers import open_broker
from tests.journeys.conftest import until


@pytest.fixture
def broker(project):
    made = open_broker(Settings(broker=project.broker[1]))
    yield made
    made.close()


def test_what_celerys_clients_send_in_other_forms_is_run(project) -> None:
    project.write("beatd.toml", '[beatd]\naccept = ["json", "yaml", "msgpack"]\n')
    worker = project.start("worker", "-A", "ours", "-c", "1", *project.broker)
    said = project.client("""
sent = [note.apply_async(("ä",), {"n": 7}, serializer=name) for name in ("json", "yaml", "msgpack")]
print([each.get(timeout=20) == [["ä"], {"n": 7}] for each in sent])
print(nap.apply_async((0,), serializer="pickle").id)
print(note.delay("good").get(timeout=20))
""")
    assert said.splitlines()[0] == "[True, True, True]"
    worker.says(
        "the setting accept allows 'json', 'yaml', 'msgpack'; send it in another form, or add 'pickle' to accept"
    )
    status = json.loads(project.beatd("status", "--json", *project.broker).stdout)
    assert status["queues"]["celery"]["dead"] == 1


def test_what_celerys_clients_pickle_is_read_where_that_is_accepted(project, broker) -> None:
    project.client("""
from datetime import date

note.apply_async((date(2026, 3, 6), {1, 2}), {"n": 7}, serializer="pickle")
""")
    [delivery] = broker.receiver.claim(["celery"], owner="me", limit=1, lease=60_000_000)
    args, kwargs, _ = decode_body(delivery.message, ("pickle",))
    assert (str(args[0]), args[1], kwargs) == ("2026-03-06", {1, 2}, {"n": 7})


@pytest.mark.parametrize("serializer", ["json", "yaml", "msgpack", "pickle"])
def test_celerys_workers_run_what_is_sent_in_other_forms(project, serializer) -> None:
    text = (project.folder / "proj/app.py").read_text()
    project.write("proj/app.py", text + f'app.conf.accept_content = ["{serializer}"]\n')
    # Celery does not read pickle as root either, unless this is set.
    project.env["C_FORCE_ROOT"] = "1"
    app = App(broker=project.broker[1])
    sent = app.send_task("proj.tasks.note", ["ä", 7], {"deep": {"a": [True, None]}}, serializer=serializer)
    project.celery_worker()
    until(project.ran)
    assert sent.get(timeout=20) == [["ä", 7], {"deep": {"a": [True, None]}}]
    app.close()
