"""A task: a function that can be called here, or sent to a worker."""

from collections.abc import Coroutine, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, Unpack, overload

from beatd.app.calls import NO_OPTIONS, Call, CallOptions, hold_of, message_of, waits_of
from beatd.app.current import current_app
from beatd.app.direct import direct_context
from beatd.app.keywords import CallKeywords, check_keywords
from beatd.app.result import AsyncResult
from beatd.app.send import send
from beatd.app.signature import Signature
from beatd.core.registry import RegisteredTask, TaskOptions

if TYPE_CHECKING:
    from beatd.app.app import App

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Task(Generic[P, R]):
    """A registered function; ``task(2, 3)`` runs it here and now, ``task.delay(2, 3)`` in a worker.

    ``entries`` names the entries that ``@periodic`` declares on it.
    """

    __name__: str

    def __init__(self, registered: RegisteredTask, app: "App | None" = None) -> None:
        update_wrapper(self, registered.function)
        self.registered = registered
        self.entries: set[str] = set()
        self._app = app
        self._parameters = _parameters(registered)

    @property
    def name(self) -> str:
        """The name that workers know the task by."""
        return self.registered.name

    @property
    def options(self) -> TaskOptions:
        """How the task is run and retried."""
        return self.registered.options

    @property
    def app(self) -> "App":
        """The app that this task is sent through."""
        return self._app or current_app()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function here, as a plain call."""
        if self.options.bind:
            own = direct_context(self.registered, args, kwargs)
            return self.registered.function(own, *args, **kwargs)  # type: ignore[no-any-return]  # the user's own
        return self.registered.function(*args, **kwargs)  # type: ignore[no-any-return]  # the user's own

    # What an ``async def`` task returns in the end is what it awaits.
    @overload
    def delay(self: "Task[P, Coroutine[Any, Any, T]]", *args: P.args, **kwargs: P.kwargs) -> AsyncResult[T]: ...
    @overload
    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]: ...
    def delay(self, *args: Any, **kwargs: Any) -> Any:
        """Send the task with these arguments; a worker runs it as soon as it can.

        Raises NotSerializableError for an argument that cannot be carried, BrokerUnavailableError within 3 s.
        """
        call = Call(task=self.name, args=args, kwargs=kwargs, names=self._parameters)
        return submit(self.app, call, NO_OPTIONS, self.options)

    @overload
    def apply_async(
        self: "Task[P, Coroutine[Any, Any, T]]",
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallKeywords],
    ) -> AsyncResult[T]: ...
    @overload
    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallKeywords],
    ) -> AsyncResult[R]: ...
    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallKeywords],
    ) -> Any:
        """Send the task: from ``countdown`` seconds or the moment ``eta`` on, until ``expires``, to ``queue``.

        With ``unique_for``, while the same call (or one with this ``unique_key``) is unfinished, and so long at most,
        nothing is sent, and the result is that of the one that is there.

        Raises CallError for an option that cannot be used, and what ``delay`` raises.
        """
        check_keywords(f"{self.name}.apply_async()", options, CallOptions.__struct_fields__)
        call = Call(task=self.name, args=args or (), kwargs=kwargs or {}, names=self._parameters)
        return submit(self.app, call, CallOptions(**options), self.options)

    def s(self, *args: Any, **kwargs: Any) -> "Signature[R]":
        """Return this call as a value, to be sent later or handed to ``add_periodic_task``."""
        return Signature(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<Task: {self.name}>"


def submit(app: "App", call: Call, options: CallOptions, own: TaskOptions) -> AsyncResult[Any]:
    """Send a call through an app's broker and return where its result will be."""
    bound = app.binding.bound()
    default, now = app.conf.task_serializer, bound.clock.now()
    message = message_of(call, options, own, queue=bound.settings.queue, now=now, serializer=default)
    sent = send(bound, message, hold_of(call, options, own), waits_of(options, bound.clock))
    result = AsyncResult(sent, app)
    result.ignored = bool(message.headers["ignore_result"])
    return result


def _parameters(registered: RegisteredTask) -> Sequence[str]:
    code = getattr(registered.function, "__code__", None)
    names: Sequence[str] = () if code is None else code.co_varnames[: code.co_argcount]
    return names[1:] if registered.options.bind else names
