"""Every error that beatd raises on purpose."""

from collections.abc import Mapping


class BeatdError(Exception):
    """Base of all beatd errors; its text is meant for the user, without a traceback."""


_LONGEST_QUOTED = 200


class InvalidScheduleError(BeatdError, ValueError):
    """A schedule's text cannot be read, or can never fire."""

    def __init__(self, text: str, reason: str, hint: str | None = None) -> None:
        quoted = repr(text if len(text) <= _LONGEST_QUOTED else f"{text[: _LONGEST_QUOTED - 1]}…")
        super().__init__(f"bad schedule {quoted}: {reason}" + (f"; {hint}" if hint else ""))
        self.text = text
        self.reason = reason
        self.hint = hint


class DefinitionError(BeatdError, ValueError):
    """An entry or a file of entries cannot be read; says where, what, and the remedy."""

    def __init__(self, place: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"{place}: {reason}" + (f"; {hint}" if hint else ""))
        self.place = place
        self.reason = reason
        self.hint = hint


class InvalidEntryError(DefinitionError):
    """A field that was given for an entry cannot be used; ``field`` names it."""

    def __init__(self, place: str, reason: str, hint: str | None = None, *, field: str) -> None:
        super().__init__(place, reason, hint)
        self.field = field


class SettingsError(BeatdError, ValueError):
    """A setting is unknown or has a value that cannot be used."""

    def __init__(self, place: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"{place}: {reason}" + (f"; {hint}" if hint else ""))
        self.place = place
        self.reason = reason
        self.hint = hint


class BrokerUnavailableError(BeatdError, ConnectionError):
    """A broker, store or table could not be reached or did not answer in time; the URL carries no password."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} is not available: {reason}")
        self.url = url
        self.reason = reason


class CallError(BeatdError, ValueError):
    """A task is declared or called with an option that cannot be used; says which, its value and the remedy."""


class StoreError(BeatdError):
    """The state store refused or could not do what was asked."""


class NotSupportedError(BeatdError):
    """A broker cannot do what was asked of it, as it is; says which, and the remedy."""


class NotStorableError(StoreError):
    """The store cannot keep a value as it is: to try again would be in vain."""


class UnknownEntryError(StoreError):
    """There is no entry of that name where it was looked for."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


class EntryExistsError(StoreError):
    """An entry is to be added under a name that is taken."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


class EntryConflictError(StoreError):
    """Somebody else changed or removed an entry since it was read; ``differs``: field → (as it was read, as it is)."""

    def __init__(self, name: str, reason: str, differs: Mapping[str, tuple[object, object]]) -> None:
        super().__init__(reason)
        self.name = name
        self.differs = differs


class StaleSetError(StoreError):
    """A set of entries is older than one that a live scheduler carries."""


class ForeignSetError(StaleSetError):
    """A set shares no name with the one in force: most likely another project's."""


class AppImportError(BeatdError, ImportError):
    """The user's application module cannot be imported."""


class NotRegisteredError(BeatdError, KeyError):
    """No task of that name is registered in this process."""

    def __init__(self, name: str, hint: str | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.hint = hint

    def __str__(self) -> str:
        return f"no task named {self.name!r} is registered" + (f"; {self.hint}" if self.hint else "")


class MalformedMessageError(BeatdError, ValueError):
    """What lies in a queue is not the message that its layout says it is."""


class NotSerializableError(BeatdError, TypeError):
    """An argument, result or exception cannot be written by the chosen serializer, or be stored."""


class ResultTimeoutError(BeatdError, TimeoutError):
    """A result did not arrive within the time given."""


class TaskFailedError(BeatdError):
    """Raised by ``AsyncResult.get`` for a task that failed; ``failure`` holds type, arguments and traceback."""

    def __init__(self, task_id: str, kind: str, message: str, traceback: str | None, failure: object = None) -> None:
        super().__init__(f"{kind}: {message}" if message else kind)
        self.task_id = task_id
        self.kind = kind
        self.traceback = traceback
        self.failure = failure


class TaskRevokedError(BeatdError):
    """Raised by ``AsyncResult.get`` for a task that was revoked."""


class Retry(BeatdError):  # noqa: N818  the name that Celery's users type
    """Raised inside a task to run it again later; ``countdown`` in seconds, None for the task's own back-off."""

    def __init__(self, reason: str = "", *, countdown: float | None = None) -> None:
        super().__init__(reason or "retry")
        self.countdown = countdown


class MaxRetriesExceededError(BeatdError):
    """A task asked for one retry more than it may have."""


class SoftTimeLimitExceeded(BeatdError):  # noqa: N818  the name that Celery's users type
    """Raised inside a task when its soft time limit has passed; the task may clean up and return."""


class TimeLimitExceeded(BeatdError):  # noqa: N818  the name that Celery's users type
    """Recorded for a task whose process was killed at its hard time limit."""


class WorkerLostError(BeatdError):
    """Recorded for a task whose process died while running it, more often than ``max_deliveries`` allows."""


class TaskRefusedError(BeatdError):
    """A built-in task was asked to do what the worker's settings do not allow."""


class CommandFailedError(BeatdError):
    """A command of ``beatd.shell`` could not be run, ended with another exit code than 0, or not in time."""


class RequestFailedError(BeatdError):
    """A request of ``beatd.http`` got no answer, or one with a status that was not expected."""
