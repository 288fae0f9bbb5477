"""How a task failed, as the result store tells it; no exception is built from what a store holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from beatd.brokerports import Stored


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception's type, arguments and traceback; ``str()`` is its message."""

    exc_type: str
    args: tuple[Any, ...] = ()
    traceback: str | None = None
    exc_module: str | None = None

    @classmethod
    def of(cls, stored: Stored) -> Self:
        """Return the failure that a store holds; where it holds no exception, its reason stands for one."""
        found = stored.result if isinstance(stored.result, Mapping) else {}
        message = found.get("exc_message", ())
        args = tuple(message) if isinstance(message, list | tuple) else (message,)
        return cls(
            exc_type=str(found.get("exc_type") or stored.state.capitalize()),
            args=args if found or not stored.reason else (stored.reason,),
            traceback=stored.traceback,
            exc_module=found.get("exc_module"),
        )

    def __str__(self) -> str:
        return str(self.args[0]) if len(self.args) == 1 else str(self.args) if self.args else ""
