"""The entries of ``conf.beat_schedule``, each as Celery's own beat would send it."""

from collections.abc import Iterator, Mapping
from typing import Any

from beatd.app.celery.options import sent_as
from beatd.app.celery.project import Project
from beatd.app.celery.schedules import schedule_text
from beatd.core.document import nearest
from beatd.core.entry import Draft
from beatd.core.field_values import FieldError, named, shown
from beatd.core.fields import decode_entry
from beatd.stores.celery import Note

CLEANUP = "celery.backend_cleanup"
_KEYS = ("task", "schedule", "args", "kwargs", "options", "relative")
_OF_ITS_STATE = ("name", "app", "last_run_at", "total_run_count")
_OWN_SCHEDULER = "celery.beat:PersistentScheduler"


def entries_of(project: Project) -> tuple[list[Draft], list[Note]]:
    """Return a draft for each entry, with the reason where it cannot be one, and what is not carried over."""
    notes = list(_of_project(project))
    table, of_cleanup = _with_cleanup(project)
    notes += of_cleanup
    drafts = []
    for name, raw in table.items():
        draft, said = _draft(project, str(name), raw)
        drafts.append(draft)
        notes += [Note(text=text, entry=draft.name) for text in said]
    return drafts, notes


def _of_project(project: Project) -> Iterator[Note]:
    conf = project.app.conf
    scheduler = conf.beat_scheduler
    if scheduler != _OWN_SCHEDULER:
        where = "the entries it keeps elsewhere are not read, those of beat_schedule are"
        yield Note(text=f"beat_scheduler is {shown(scheduler)}: {where}")
    if not project.schedule:
        yield Note(text="beat_schedule is empty")
    accepted = {str(kind) for kind in conf.accept_content or ()}
    if not accepted & {"json", "application/json"}:
        text = f"accept_content is {sorted(accepted)}: its workers refuse beatd's messages; add 'json' to it"
        yield Note(text=text)


def _with_cleanup(project: Project) -> tuple[dict[Any, Any], list[Note]]:
    """Return ``beat_schedule`` with what Celery's beat adds: the daily removal of old results from a database."""
    from celery.backends.base import DisabledBackend
    from celery.schedules import crontab

    table = dict(project.schedule)
    if CLEANUP in table or not project.app.conf.result_expires:
        return table, []
    try:
        backend = project.app.backend
    except Exception as error:  # noqa: BLE001  a backend is a module of anyone's
        text = f"{CLEANUP} is left out: the result backend cannot be loaded ({type(error).__name__}: {error})"
        return table, [Note(text=text)]
    # Celery's beat also adds it where there are no results at all.
    if backend.supports_autoexpire or isinstance(backend, DisabledBackend):
        return table, []
    return {CLEANUP: {"task": CLEANUP, "schedule": crontab("0", "4", "*"), "options": {"expires": 43_200}}, **table}, []


def _draft(project: Project, name: str, raw: Any) -> tuple[Draft, list[str]]:
    place = f"{project.place}: beat_schedule[{named(repr(name))}]"
    notes: list[str] = []
    try:
        fields = _fields(project, raw, notes)
        entry = decode_entry(name, fields, {}, timezone=project.timezone, queue=project.queue)
    except FieldError as error:
        return Draft(name=name, place=place, error=f"{place}: {error}", source="celery"), notes
    return Draft(name=name, place=place, entry=entry, source="celery"), notes


def _fields(project: Project, raw: Any, notes: list[str]) -> dict[str, Any]:
    given = _given(raw)
    options = given.get("options")
    task = _task(given.get("task"))
    told = schedule_text(
        given.get("schedule"),
        relative=bool(given.get("relative")),
        countdown=options.get("countdown") if isinstance(options, Mapping) else None,
    )
    args, kwargs = _arguments(given)
    sent = sent_as(project, task, (args, kwargs), options)
    notes += [*told.notes, *sent.notes]
    fields = {"task": task, "schedule": told.text, "args": args, "kwargs": kwargs, **sent.fields}
    deadline = project.app.conf.beat_cron_starting_deadline
    if told.is_crontab and deadline is not None:
        # The newest missed run and no other, where it is not older than this.
        fields.update(misfire="all", catch_up_limit=1, grace=deadline)
    return fields


def _given(raw: Any) -> dict[str, Any]:
    """Return an entry's keys and values; Celery takes a ScheduleEntry too."""
    from celery.beat import ScheduleEntry

    if isinstance(raw, ScheduleEntry):
        return {key: getattr(raw, key) for key in ("task", "schedule", "args", "kwargs", "options")}
    if not isinstance(raw, Mapping):
        raise FieldError("entry", f"must be a dict with 'task' and 'schedule', got {shown(raw)}")
    for key in raw:
        if key not in _KEYS and key not in _OF_ITS_STATE:
            hint = nearest(str(key), _KEYS) or f"Celery knows {', '.join(_KEYS)}"
            raise FieldError(named(key), "is a key that Celery's beat refuses too", hint)
    for key in ("task", "schedule"):
        if raw.get(key) is None:
            raise FieldError(key, "is missing")
    return dict(raw)


def _task(value: Any) -> str:
    name = getattr(value, "name", value)
    if not isinstance(name, str):
        raise FieldError("task", f"must be the name of a task, got {shown(value)}")
    return name


def _arguments(given: Mapping[str, Any]) -> tuple[Any, Any]:
    args, kwargs = given.get("args"), given.get("kwargs")
    args = [] if args is None else args
    # A Celery signature's keywords are a mapping of its own kind.
    kwargs = (
        {} if not kwargs and not isinstance(kwargs, str) else dict(kwargs) if isinstance(kwargs, Mapping) else kwargs
    )
    for place, value in (*_places("args", args), *_places("kwargs", kwargs)):
        if callable(value):
            reason = f"is a {type(value).__name__}, which Celery's beat calls with each message"
            raise FieldError(place, reason, "let the task work it out; beatd_fire_time in its headers is the fire time")
    return args, kwargs


def _places(key: str, values: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(values, Mapping):
        yield from ((f"{key}.{named(name)}", value) for name, value in values.items())
    elif isinstance(values, list | tuple):
        yield from ((f"{key}[{index}]", value) for index, value in enumerate(values))
