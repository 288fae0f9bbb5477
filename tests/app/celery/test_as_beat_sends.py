"""Celery's own beat is the judge of messages: each entry sent by it, in memory, beside what beatd would send."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from celery.beat import Scheduler
from kombu import Queue

from beatd.app.celery.entries import entries_of
from beatd.app.celery.project import open_project
from beatd.core.emission import emission
from beatd.core.fields import compile_entry
from beatd.core.protocol import decode_body
from beatd.schedules.moments import SECOND, from_us

ENTRIES = {
    "bare": {"task": "proj.unknown", "schedule": 60},
    "own": {
        "task": "proj.unknown",
        "schedule": 60,
        "args": (1, [2, None]),
        "kwargs": {"rows": {"a": 1.5}},
        "options": {
            "queue": "hot", "priority": 4, "expires": 30, "headers": {"team": "a"},
            "time_limit": 9, "soft_time_limit": 8,
        },
    },
    "of the task": {"task": "proj.known", "schedule": 60, "kwargs": {"x": 1}},
    "over the task": {"task": "proj.known", "schedule": 60, "options": {"priority": 1, "expires": 7.5}},
    "without a result": {"task": "proj.silent", "schedule": 60},
    "routed": {"task": "proj.routed.one", "schedule": 60},
    "empty": {"task": "proj.unknown", "schedule": 60, "options": {"queue": "cold"}, "args": None, "kwargs": None},
}  # fmt: skip
OF_THE_SENDING = {"id", "root_id", "origin", "expires", "argsrepr", "kwargsrepr", "periodic_task_name", "ignore_result"}


def project():
    app = Celery("judge", broker="memory://", set_as_current=False)
    app.conf.update(
        task_routes={"proj.routed.*": {"queue": "warm", "priority": 6}},
        task_queues=[Queue(name) for name in ("celery", "hot", "warm", "cold")],
        broker_transport_options={"polling_interval": 0.01},
        beat_schedule=ENTRIES,
    )

    @app.task(name="proj.known", shared=False, expires=90, time_limit=30, priority=2)
    def known(x=0):
        return x

    @app.task(name="proj.silent", shared=False, ignore_result=True)
    def silent():
        return None

    return app


def ignored(app, task, header):
    """Return whether a Celery worker keeps no result, by this header of a message and the task's own word."""
    return app.tasks[task].ignore_result if header is None else header


def sent_by_celery(app, name):
    """Return the message that Celery's beat puts into some queue, and the queue."""
    scheduler = Scheduler(app, lazy=True)
    entry = scheduler.Entry(**{**ENTRIES[name], "name": name, "app": app})
    with app.connection_for_write() as connection:
        for queue in app.amqp.queues.values():
            queue(connection.default_channel).declare()
            queue(connection.default_channel).purge()
        scheduler.apply_async(entry, advance=False)
        for queue in app.amqp.queues.values():
            message = queue(connection.default_channel).get(no_ack=True)
            if message is not None:
                return queue.name, message
    raise AssertionError("nothing was sent")


@pytest.mark.filterwarnings("ignore:(?s).*task attribute is deprecated")
@pytest.mark.parametrize("name", ENTRIES)
def test_what_beatd_sends_is_what_celerys_beat_sends(name):
    app = project()
    drafts, notes = entries_of(open_project(app, "judge"))
    entry = next(draft.entry for draft in drafts if draft.name == name)
    queue, theirs = sent_by_celery(app, name)
    now = datetime.now(UTC)  # noqa: TID251  Celery's beat reads this clock
    fire = int(now.timestamp() * SECOND)
    ours = emission("beatd", entry, compile_entry(entry), 1, fire).message
    assert notes == []
    assert ours.queue == queue
    assert (ours.priority or 0) == (theirs.properties.get("priority") or 0)
    assert list(decode_body(ours)) == theirs.decode()
    for key in (theirs.headers.keys() | ours.headers.keys()) - OF_THE_SENDING:
        if not key.startswith("beatd_"):
            assert ours.headers.get(key) == theirs.headers.get(key), key
    if entry.task in app.tasks:
        assert ignored(app, entry.task, ours.headers["ignore_result"]) is theirs.headers["ignore_result"]
    else:
        assert ours.headers["ignore_result"] is theirs.headers["ignore_result"] is None
    if (expires := theirs.headers["expires"]) is None:
        assert ours.expires is None
    else:
        assert abs(from_us(ours.expires) - datetime.fromisoformat(expires)) < timedelta(seconds=2)
