"""An app: where tasks are sent, and the schedules that its code declares."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, ParamSpec, TypeVar, Unpack, overload

from beatd.app.binding import Binding
from beatd.app.calendars import checked_tables
from beatd.app.calls import Call, CallOptions
from beatd.app.conf import Conf, settings_in
from beatd.app.current import make_current
from beatd.app.decorators import BoundTaskDecorator, TaskDecorator, decorated
from beatd.app.imports import resolve
from beatd.app.keywords import CallKeywords, EntryTerms, TaskKeywords, check_keywords
from beatd.app.result import AsyncResult
from beatd.app.signature import Signature
from beatd.app.task import Task, submit
from beatd.config.layers import of_app
from beatd.config.settings import Settings
from beatd.core.registry import REGISTRY, TaskOptions
from beatd.errors import CallError
from beatd.middleware.base import Middleware
from beatd.schedules.base import Schedule

P = ParamSpec("P")
R = TypeVar("R")

_SECOND = timedelta(seconds=1)


class App:
    """A name, settings and tasks; nothing is connected before the first call.

    ``calendars`` are tables by name, as ``[calendars.NAME]`` has them in TOML, for the ``exclude`` of entries in code.
    ``middleware`` goes around every run of a task in the workers that are told of this app.
    ``broker`` is a URL; further settings are the keys of ``[beatd]``. The command line, ``BEATD_*`` and the TOML file
    go before what is given here. The app made last is the one of ``@task`` functions. Raises SettingsError.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        broker: str | None = None,
        calendars: Mapping[str, Mapping[str, Any]] | None = None,
        middleware: Sequence[Middleware] = (),
        **settings: Any,
    ) -> None:
        self.name = name
        self.calendars = checked_tables(calendars)
        self.middleware = _checked(middleware)
        self.conf = Conf()
        self.conf.update(broker_url=broker)
        of_app(settings)  # refuses unknown names here, where the mistake is, and not at the first call
        self._settings = settings
        self.binding = Binding(lambda: self.own_settings)
        make_current(self)

    @property
    def settings(self) -> Settings:
        """The settings in force, read anew from their sources. Raises SettingsError, DefinitionError."""
        return self.binding.settings()

    @property
    def own_settings(self) -> dict[str, Any]:
        """What this app itself says, by the keys of ``[beatd]``: in ``App(...)``, or in ``conf``, which goes before."""
        said = {**self._settings, **self.conf.as_settings()}
        # Plain values only, because they may be handed to another process.
        return {key: value / _SECOND if isinstance(value, timedelta) else value for key, value in said.items()}

    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(self, /, *, bind: Literal[True], **options: Unpack[TaskKeywords]) -> BoundTaskDecorator: ...
    @overload
    def task(self, /, *, bind: Literal[False] = False, **options: Unpack[TaskKeywords]) -> TaskDecorator: ...
    def task(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Make a function a task that is sent through this app; takes what ``beatd.task`` takes."""
        return decorated(function, options, self)

    def send_task(
        self,
        name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallKeywords],
    ) -> AsyncResult[Any]:
        """Send a task by name, its code need not be importable here; options as for ``Task.apply_async``."""
        check_keywords("send_task()", options, CallOptions.__struct_fields__)
        known = REGISTRY.tasks.get(name)
        call = Call(task=name, args=args or (), kwargs=kwargs or {})
        return submit(self, call, CallOptions(**options), known.options if known else TaskOptions())

    def add_periodic_task(
        self,
        schedule: float | timedelta | str | Schedule | Sequence[str | Schedule],
        call: Signature[Any] | Task[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **fields: Unpack[EntryTerms],
    ) -> str:
        """Add an entry to ``conf.beat_schedule``: a task and its arguments, or ``task.s(...)``; return its name.

        Without ``name=`` it is the task's. Raises CallError where the name is taken.
        """
        check_keywords("add_periodic_task()", fields, EntryTerms.__annotations__)
        signature = call if isinstance(call, Signature) else Signature(call, args, kwargs)
        if isinstance(call, Signature) and (args or kwargs):
            raise CallError(f"arguments beside {call.task.name}.s(...): give them to one of both")
        name = fields.get("name") or signature.task.name
        if name in self.conf.beat_schedule:
            raise CallError(f"an entry named {name!r} is in beat_schedule already; give another name=")
        self.conf.beat_schedule[name] = {
            **fields,
            "task": signature.task.name,
            "schedule": schedule,
            "args": list(signature.args),
            "kwargs": dict(signature.kwargs or {}),
        }
        return name

    def config_from_object(self, source: object, namespace: str | None = None) -> None:
        """Take ``beat_schedule``, ``timezone``, ``broker_url`` … from a module, object or dict, or by dotted name.

        With ``namespace="CELERY"`` the names read are CELERY_BEAT_SCHEDULE and so on. One warning lists the names
        that beatd does not have. Raises AppImportError, SettingsError.
        """
        found = resolve(source) if isinstance(source, str) else source
        self.conf.update(settings_in(found, namespace))

    def AsyncResult(self, task_id: str) -> AsyncResult[Any]:  # noqa: N802  Celery's name
        """Return where the result of this message is found."""
        return AsyncResult(task_id, self)

    def close(self) -> None:
        """Close the connections that this process opened; the next call opens them again."""
        self.binding.close()

    def __repr__(self) -> str:
        return f"<App: {self.name or 'without name'}>"


def _checked(middleware: Sequence[Middleware]) -> tuple[Middleware, ...]:
    given: list[object] = list(middleware)
    for each in given:
        if not isinstance(each, Middleware):
            raise CallError(f"App(middleware=[{each!r}]): give instances of classes made of beatd.Middleware")
    return tuple(middleware)
