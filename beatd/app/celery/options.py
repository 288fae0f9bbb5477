"""What ``options`` of an entry, its task and the app's routes say of a message, as the fields of an entry."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from beatd.app.celery.project import Project
from beatd.core.field_values import FieldError, named, shown

_CARRIED = frozenset(
    {
        "queue", "exchange", "routing_key", "exchange_type", "priority", "expires", "headers", "time_limit",
        "soft_time_limit", "countdown", "serializer", "compression",
    }
)  # fmt: skip
_REFUSED = {
    "link": "would be dropped: an entry calls one task; call the other from the task itself, or make both one task",
    "link_error": "would be dropped: an entry calls one task; handle the failure in the task itself",
    "chain": "would be dropped: an entry calls one task; make one that starts the chain",
    "chord": "would be dropped: an entry calls one task; make one that starts the chord",
    "eta": "is one moment, and an entry fires again and again; write the moment into the schedule",
}
_LEFT_OUT = {
    "task_id": "each fire has an id of its own, the same on every host",
    "retry": "beatd sends again until the broker has taken the message",
    "retry_policy": "beatd sends again until the broker has taken the message",
    "ignore_result": "the task's own ignore_result holds",
    "shadow": "the message carries the task's own name",
    "delivery_mode": "messages are always persistent",
}
_IN_SILENCE = frozenset({"producer", "publisher", "connection", "router", "result_cls", "add_to_parent", "immediate"})
"""What the options of a task or of a call hold that says nothing about the message."""


class Sent(NamedTuple):
    """The fields of an entry that say how its message is sent, and what is not carried over."""

    fields: dict[str, Any]
    notes: list[str]


def sent_as(project: Project, task: str, call: tuple[Any, Any], options: Any) -> Sent:
    """Return how Celery's beat would send ``task``; ``call`` is its args and kwargs, for the routes.

    Raises FieldError.
    """
    own = _checked(options)
    routed = _routed(project, task, call, own)
    queue, notes = _queue(project, routed)
    fields: dict[str, Any] = {"queue": queue, "headers": _headers(routed.get("headers"))}
    fields.update(_expires(routed.get("expires"), notes))
    fields.update((key, routed[key]) for key in ("time_limit", "soft_time_limit") if routed.get(key))
    if (priority := routed.get("priority")) is not None:
        fields["priority"] = _priority(project, priority)
    notes += _of_encoding(project, routed)
    notes += _of_unknown(own)
    return Sent(fields, notes)


def _checked(options: Any) -> dict[str, Any]:
    if not isinstance(options, Mapping | None):
        raise FieldError("options", f"must be a dict, got {shown(options)}")
    own = dict(options or {})
    for key, value in own.items():
        if key in _REFUSED and value:
            raise FieldError(f"options.{key}", _REFUSED[key])
    return own


def _routed(project: Project, task: str, call: tuple[Any, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options: those of the task beneath the entry's, those of the routes beneath both."""
    known = project.tasks.get(task)
    try:
        of_task = {} if known is None else known._get_exec_options()  # noqa: SLF001  as Celery's own send_task
        merged = {**{key: value for key, value in of_task.items() if value is not None}, **own}
        return dict(project.app.amqp.router.route(merged, task, *call, known))
    except Exception as error:  # noqa: BLE001  routers are the user's
        reason = f"Celery cannot route it: {type(error).__name__}: {error}"
        raise FieldError("options.queue", reason, "see task_queues and task_routes in Celery's settings") from None


def _queue(project: Project, routed: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the queue that Celery's message ends in."""
    queue, exchange, key = (routed.get(part) for part in ("queue", "exchange", "routing_key"))
    # With only one of the two Celery sends to the queue itself.
    if exchange is not None and _name(exchange) and key:
        queue = _bound(project, _name(exchange), key)
    elif queue is None:
        queue = project.app.amqp.default_queue
    kind = getattr(getattr(queue, "exchange", None), "type", None) or "direct"
    name = str(getattr(queue, "name", queue))
    if kind in ("fanout", "headers"):
        reason = f"{shown(name)} stands behind a {kind} exchange, which copies a message to many queues"
        raise FieldError("options.queue", reason, "beatd sends to one queue; name an ordinary one")
    said = (
        [f"its message goes to the queue {name!r} itself, not through the {kind} exchange"] if kind != "direct" else []
    )
    return name, said


def _bound(project: Project, exchange: str, key: Any) -> Any:
    """Return the one queue of ``task_queues`` behind an exchange and a routing key. Raises FieldError."""
    found = [
        queue
        for queue in project.app.amqp.queues.values()
        if _name(queue.exchange) == exchange and queue.routing_key == key
    ]
    if len(found) == 1:
        return found[0]
    where = f"the exchange {shown(exchange)} with routing key {shown(key)}"
    number = "no queue" if not found else "several queues"
    reason = (
        f"{number} of task_queues stand behind {where}" if found else f"no queue of task_queues is bound to {where}"
    )
    raise FieldError("options.exchange", reason, "beatd sends to one queue; name it: 'queue': 'NAME'")


def _name(exchange: Any) -> str:
    return str(getattr(exchange, "name", exchange))


def _headers(headers: Any) -> dict[str, Any]:
    if not isinstance(headers, Mapping | None):
        raise FieldError("options.headers", f"must be a dict, got {shown(headers)}")
    # Celery's beat marks its messages so, and tasks may look for it.
    return {**(headers or {}), "celery_beat_task": True}


def _expires(value: Any, notes: list[str]) -> dict[str, Any]:
    """Return seconds as they are; a moment ends the entry, since what is sent later would never be run."""
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise FieldError("options.expires", f"must be seconds or a moment, got {shown(value)}") from None
    if not isinstance(value, datetime):
        return {"expires": value}
    moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    notes.append(
        f"options.expires is a moment: the entry ends then ({moment.isoformat()}), but what waits in the queue is "
        "still run; seconds count from each fire"
    )
    return {"ends_at": moment}


def _priority(project: Project, value: Any) -> Any:
    """Return a priority in beatd's sense, 9 the soonest; on Redis Celery's 0 is."""
    if project.zero_is_first and isinstance(value, int) and 0 <= value <= 9:
        return 9 - value
    return value


def _of_encoding(project: Project, routed: Mapping[str, Any]) -> Iterator[str]:
    serializer = routed.get("serializer") or project.app.conf.task_serializer
    if serializer not in ("json", "application/json"):
        yield f"its arguments are sent as JSON, not as {serializer}; workers must have json in accept_content"
    if routed.get("compression"):
        yield f"its message is not compressed ({routed['compression']})"


def _of_unknown(own: Mapping[str, Any]) -> Iterator[str]:
    for key in own:
        if key in _LEFT_OUT:
            yield f"options.{key} is left out: {_LEFT_OUT[key]}"
        elif key not in _CARRIED | _REFUSED.keys() | _IN_SILENCE:
            yield f"options.{named(key)} is left out: beatd's messages have nothing of that name"
