"""A call as a value: a task with its arguments, not sent yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

from beatd.app.keywords import CallKeywords
from beatd.app.result import AsyncResult

if TYPE_CHECKING:
    from beatd.app.task import Task

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Signature(Generic[R]):
    """A task and arguments for it."""

    task: "Task[..., R]"
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] | None = None

    def __call__(self) -> R:
        """Run the call here."""
        return self.task(*self.args, **(self.kwargs or {}))

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult[R]:
        """Send the call, these positional arguments first and these keywords on top."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallKeywords],
    ) -> AsyncResult[R]:
        """Send the call with these options of ``Task.apply_async``."""
        return self.task.apply_async([*args, *self.args], {**(self.kwargs or {}), **(kwargs or {})}, **options)
