from datetime import UTC, datetime, timedelta, timezone

import pytest
from celery import Celery
from kombu import Exchange, Queue
from kombu.common import Broadcast

from beatd.app.celery.entries import entries_of
from beatd.app.celery.project import open_project
from beatd.schedules.moments import SECOND, to_us

MOMENT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def test_what_an_entry_says_of_its_message_is_carried_over(one):
    options = {"queue": "mails", "expires": 30, "time_limit": 60, "soft_time_limit": 50.5, "headers": {"team": "a"}}
    draft, notes = one(options=options, args=(1, [2]), kwargs={"rows": {"a": None}})
    entry = draft.entry
    assert (entry.queue, entry.expires, entry.time_limit, entry.soft_time_limit) == ("mails", 30 * SECOND, 60, 50.5)
    assert (entry.args, entry.kwargs) == ([1, [2]], {"rows": {"a": None}})
    assert entry.headers == {"team": "a", "celery_beat_task": True}
    assert notes == []


@pytest.mark.parametrize("nothing", [{}, {"options": None, "args": None, "kwargs": None}, {"options": {"queue": None}}])
def test_where_an_entry_says_nothing_celerys_defaults_hold(one, nothing):
    draft, _ = one({"task_default_queue": "shop"}, **nothing)
    assert (draft.entry.queue, draft.entry.priority, draft.entry.expires) == ("shop", None, None)


@pytest.mark.parametrize(
    ("broker", "given", "priority"),
    [
        ("amqp://localhost", 7, 7),
        ("redis://localhost", 0, 9),
        ("rediss://localhost", 9, 0),
        ("sentinel://a:1;sentinel://b:2", 3, 6),
        (["redis://one", "redis://two"], 5, 4),
        ("redis+socket:///run/redis.sock", 0, 9),
        ("redis://localhost", None, None),
    ],
)
def test_nine_is_the_soonest_whatever_celerys_broker_says(one, broker, given, priority):
    draft, _ = one({"broker_url": broker}, options={"priority": given})
    assert draft.entry.priority == priority


@pytest.mark.parametrize("moment", [MOMENT, "2027-03-01T12:00:00+00:00", datetime(2027, 3, 1, 12)])  # noqa: DTZ001  the case
def test_a_moment_to_expire_at_ends_the_entry_and_is_said(one, moment):
    draft, notes = one(options={"expires": moment})
    assert (draft.entry.ends_at, draft.entry.expires) == (to_us(MOMENT), None)
    (note,) = notes
    assert note == (
        "options.expires is a moment: the entry ends then (2027-03-01T12:00:00+00:00), but what waits in the queue is "
        "still run; seconds count from each fire"
    )


@pytest.mark.filterwarnings("ignore:(?s).*task attribute is deprecated")
def test_the_options_of_the_task_lie_beneath_those_of_the_entry():
    app = Celery("proj", set_as_current=False)
    app.conf.task_annotations = {"proj.add": {"soft_time_limit": 7}}

    @app.task(name="proj.add", queue="math", priority=3, expires=90, time_limit=30, shared=False)
    def add(x, y):
        return x + y

    beneath = {"task": add, "schedule": 5, "args": (1, 2)}
    app.conf.beat_schedule = {"plain": beneath, "own": {**beneath, "options": {"queue": "q", "expires": 5}}}
    plain, own = (draft.entry for draft in entries_of(open_project(app, "proj"))[0])
    assert (plain.task, plain.queue, plain.priority, plain.expires) == ("proj.add", "math", 3, 90 * SECOND)
    assert (plain.time_limit, plain.soft_time_limit) == (30, 7)
    assert (own.queue, own.expires, own.priority) == ("q", 5 * SECOND, 3)


ROUTES = {"proj.add": {"queue": "routed", "priority": 4}, "mail.*": "mails"}


def route(name, args, kwargs, options, task=None, **kw):
    return {"queue": f"for-{args[0]}"}


@pytest.mark.parametrize(
    ("routes", "keys", "queue", "priority"),
    [
        (ROUTES, {}, "routed", 4),
        (ROUTES, {"options": {"queue": "own"}}, "own", 4),
        (ROUTES, {"options": {"priority": 1}}, "routed", 1),
        (ROUTES, {"task": "mail.send"}, "mails", None),
        (ROUTES, {"task": "other"}, "celery", None),
        ({"proj.add": {"priority": 2}}, {}, "celery", 2),
        ([route], {"args": [7]}, "for-7", None),
    ],
)
def test_queues_come_from_the_routes_of_the_app(one, routes, keys, queue, priority):
    draft, _ = one({"task_routes": routes}, **keys)
    assert (draft.entry.queue, draft.entry.priority) == (queue, priority)


def broken(*args, **kwargs):
    raise LookupError("no tenant")


def test_a_router_that_fails_quarantines_the_entry(one):
    draft, _ = one({"task_routes": [broken]})
    assert draft.error == (
        "celery:proj.app: beat_schedule['x']: options.queue: Celery cannot route it: LookupError: no tenant; see "
        "task_queues and task_routes in Celery's settings"
    )


QUEUES = [
    Queue("celery"),
    Queue("hot", Exchange("shop", type="direct"), routing_key="shop.hot"),
    Queue("news", Exchange("feeds", type="topic"), routing_key="feed.#"),
    Queue("first", Exchange("two"), routing_key="k"),
    Queue("second", Exchange("two"), routing_key="k"),
    Broadcast("all"),
]


@pytest.mark.parametrize(
    ("options", "queue"),
    [
        ({"exchange": "shop", "routing_key": "shop.hot"}, "hot"),
        ({"exchange": Exchange("shop"), "routing_key": "shop.hot"}, "hot"),
        ({"queue": QUEUES[1]}, "hot"),
        ({"queue": "hot", "routing_key": "whatever"}, "hot"),
        ({"routing_key": "whatever"}, "celery"),
        ({"exchange": "shop"}, "celery"),
        ({"queue": "celery", "exchange": "shop", "routing_key": "shop.hot"}, "hot"),
    ],
)
def test_an_exchange_stands_for_the_one_queue_behind_it(one, options, queue):
    draft, notes = one({"task_queues": QUEUES}, options=options)
    assert (draft.entry.queue, notes) == (queue, [])


def test_a_topic_is_said_to_be_passed_by(one):
    draft, notes = one({"task_queues": QUEUES}, options={"queue": "news"})
    assert draft.entry.queue == "news"
    assert notes == ["its message goes to the queue 'news' itself, not through the topic exchange"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"exchange": "nowhere", "routing_key": "k"}, "options.exchange: no queue of task_queues is bound to"),
        ({"exchange": "two", "routing_key": "k"}, "options.exchange: several queues of task_queues stand behind"),
        (
            {"queue": "all"},
            "stands behind a fanout exchange, which copies a message to many queues; beatd sends to one",
        ),
        ({"queue": "missing"}, "options.queue: Celery cannot route it: QueueNotFound"),
        ({"queue": 5}, "options.queue: Celery cannot route it"),
        ({"priority": 10}, "priority: must be a whole number from 0 to 9, got 10"),
        ({"priority": "high"}, "priority: must be a whole number from 0 to 9"),
        ({"expires": "tomorrow"}, "options.expires: must be seconds or a moment, got 'tomorrow'"),
        ({"expires": -1}, "expires: "),
        ({"expires": 0}, "expires: must be a duration above 0"),
        ({"expires": object()}, "expires: "),
        ({"expires": datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, None),
        ({"time_limit": "soon"}, "time_limit: "),
        ({"time_limit": 5, "soft_time_limit": 9}, "time_limit: must be longer than soft_time_limit"),
        ({"headers": ["a"]}, "options.headers: must be a dict, got"),
        ({"headers": {"a": object()}}, "headers.a: is of type object, which JSON does not have"),
        ({"headers": {"id": "x"}}, "headers.id: is a header that the message sets itself"),
        ({"link": "proj.next"}, "options.link: would be dropped"),
        ({"link_error": ["proj.oops"]}, "options.link_error: would be dropped"),
        ({"chain": ["a"]}, "options.chain: would be dropped"),
        ({"eta": MOMENT}, "options.eta: is one moment"),
        ({"countdown": "5"}, "options.countdown: must be seconds, got '5'"),
        ("fast", "options: must be a dict, got 'fast'"),
        ([("queue", "a")], "options: must be a dict"),
    ],
)
def test_options_that_cannot_be_carried_over_quarantine_the_entry(one, options, reason):
    draft, _ = one({"task_queues": QUEUES, "task_create_missing_queues": False}, options=options)
    if reason is None:
        assert draft.entry is not None
        return
    assert draft.entry is None
    assert draft.error.startswith("celery:proj.app: beat_schedule['x']: ")
    assert reason in draft.error


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"task_id": "same"}, "options.task_id is left out: each fire has an id of its own, the same on every host"),
        ({"ignore_result": True}, "options.ignore_result is left out: the task's own ignore_result holds"),
        ({"retry": True}, "options.retry is left out: beatd sends again until the broker has taken the message"),
        ({"shadow": "x"}, "options.shadow is left out: the message carries the task's own name"),
        ({"colour": "red"}, "options.colour is left out: beatd's messages have nothing of that name"),
        (
            {"serializer": "yaml"},
            "its arguments are sent as JSON, not as yaml; workers must have json in accept_content",
        ),
        ({"compression": "zlib"}, "its message is not compressed (zlib)"),
    ],
)
def test_options_that_change_nothing_much_are_left_out_and_said(one, options, note):
    draft, notes = one(options=options)
    assert draft.entry is not None
    assert notes == [note]


def test_what_is_said_of_no_message_is_left_out_in_silence(one):
    assert one(options={"producer": object(), "add_to_parent": False, "link": None, "link_error": []})[1] == []
