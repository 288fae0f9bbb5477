"""The decorators that make a function a task, and declare when it is to run."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

from beatd.app.keywords import EntryKeywords, Rule, TaskKeywords, check_keywords
from beatd.app.names import module_name, task_name
from beatd.app.options import task_options
from beatd.app.task import Task
from beatd.core.registry import HOOKS, REGISTRY, RegisteredTask, TaskOptions
from beatd.errors import CallError

if TYPE_CHECKING:
    from beatd.app.app import App

P = ParamSpec("P")
R = TypeVar("R")

LATER_OPTIONS = {
    "base": f"give the functions themselves: {', '.join(HOOKS)}",
}
"""What Celery's users write and this version does not have, with what to do instead."""


class TaskDecorator(Protocol):
    """What turns a function into a task of the same arguments."""

    def __call__(self, function: Callable[P, R], /) -> Task[P, R]:
        """Return the task."""


class BoundTaskDecorator(Protocol):
    """What turns a function whose first parameter is the running task into a task of the others."""

    def __call__(self, function: Callable[Concatenate[Any, P], R], /) -> Task[P, R]:
        """Return the task."""


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(*, bind: Literal[True], **options: Unpack[TaskKeywords]) -> BoundTaskDecorator: ...
@overload
def task(*, bind: Literal[False] = False, **options: Unpack[TaskKeywords]) -> TaskDecorator: ...
def task(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a task, known to workers as ``module.function`` or by ``name=``; with or without parentheses.

    Takes the fields of ``TaskOptions`` as keywords; durations are seconds.
    """
    return decorated(function, options, None)


shared_task = task


def decorated(function: Callable[..., Any] | None, options: Mapping[str, Any], app: "App | None") -> Any:
    """Return the task of this function, or where there is none yet the decorator that makes it."""
    for name in LATER_OPTIONS.keys() & options:
        raise CallError(f"@task({name}=...) is not in this version; {LATER_OPTIONS[name]}")
    check_keywords("@task", options, ["name", *TaskOptions.__dataclass_fields__])
    if function is None:
        return lambda later: make_task(later, options, app)
    return make_task(function, options, app)


def make_task(function: Callable[..., Any], options: Mapping[str, Any], app: "App | None" = None) -> Task[..., Any]:
    """Register a function and return it as a task. Raises CallError."""
    if isinstance(function, Task):
        raise CallError(f"{function.name} is a task already; put one @task on it")
    if not hasattr(function, "__name__"):
        raise CallError(f"@task stands on a function, not on {function!r}; options are keywords: @task(name=...)")
    chosen = dict(options)
    name = chosen.pop("name", None) or task_name(function)
    registered = RegisteredTask(name, function, task_options(name, chosen))
    _check_unique(registered)
    REGISTRY.add(registered)
    return Task(registered, app)


def _check_unique(registered: RegisteredTask) -> None:
    """Refuse a second function under one name; the same one once more is its module, loaded again."""
    former = REGISTRY.tasks.get(registered.name)
    if former is not None and _identity(former) != _identity(registered):
        places = f"{_identity(former)}{_line(former)} and {_identity(registered)}{_line(registered)}"
        raise CallError(f"two tasks are named {registered.name!r}: {places}; give one another name=")


def _identity(registered: RegisteredTask) -> str:
    function = registered.function
    return f"{module_name(function.__module__)}.{function.__qualname__}"


def _line(registered: RegisteredTask) -> str:
    code = getattr(registered.function, "__code__", None)
    return "" if code is None else f" ({code.co_filename}:{code.co_firstlineno})"


def periodic(schedule: Rule | Sequence[Rule], /, **fields: Unpack[EntryKeywords]) -> TaskDecorator:
    """Run a function by this schedule; makes it a task unless it is one. ``name=`` for a second schedule on it.

    ``schedule`` is text ("0 8 * * mon-fri", "every 5m"), a value (``crontab(...)``), or a list of them. Takes an
    entry's other fields as keywords; what they hold is checked when the schedules are read.
    """
    check_keywords("@periodic", fields, EntryKeywords.__annotations__)
    _check_schedule(schedule)

    def declare(function: Callable[P, R], /) -> Task[P, R]:
        made = cast("Task[P, R]", function if isinstance(function, Task) else make_task(function, {}))
        _declare(made, schedule, fields)
        return made

    return declare


def _check_schedule(schedule: object) -> None:
    # Without parentheses, or with a Celery user's @periodic(crontab), Python hands over a function or a class.
    if callable(schedule):
        name = getattr(schedule, "__name__", repr(schedule))
        raise CallError(f'@periodic was given {name!r} as its schedule; write @periodic("every 5m") above the function')


def _declare(made: Task[..., Any], schedule: object, fields: Mapping[str, Any]) -> None:
    name = fields.get("name") or made.name
    place, former = _place(made), REGISTRY.places.get(name)
    # The same place once more is the same module, loaded again; the same task once more is a forgotten name=.
    if former is not None and (former != place or name in made.entries):
        raise CallError(f"two @periodic are named {name!r}: on {former} and on {place}; give one another name=")
    made.entries.add(name)
    own = {"queue": made.options.queue, "priority": made.options.priority, "expires": made.options.expires}
    REGISTRY.periodic[name] = {**own, **fields, "name": name, "task": made.name, "schedule": schedule}
    REGISTRY.places[name] = place


def _place(made: Task[..., Any]) -> str:
    return f"{made.name}{_line(made.registered)}"
