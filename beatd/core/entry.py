"""An entry: a named schedule plus the task call it makes, and the versions it goes through."""

from collections.abc import Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass, replace
from operator import attrgetter
from typing import Any, Self

import msgspec

from beatd.core.field_values import named
from beatd.core.plan import DAY, SECOND, Misfire, Overlap, Plan, plan_in, plan_of
from beatd.schedules.terms import BusinessDays

__all__ = ["DAY", "OWNERSHIP", "ROW", "SECOND", "Draft", "Entry", "Misfire", "Overlap", "Plan", "Tenure", "Version"]

OWNERSHIP = (
    "schedule",
    "exclude",
    "calendars",
    "timezone",
    "starts_at",
    "ends_at",
    "gap",
    "fold",
    "business_days",
    "enabled",
)
"""The fields whose change moves fire times from one version to the next."""

ROW = "row"
"""The source of what a state keeps of a row's version: its text stays in its table, and in that one's log."""

# Left out of a stored document where they say nothing: code from before them could not read it.
_ADDED = {"overlap": Overlap.ALLOW, "overlap_timeout": DAY, "pause_after_failures": 0}

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAME = msgspec.json.Decoder(str)
_ARGS = msgspec.json.Decoder(list[Any])
_KWARGS = msgspec.json.Decoder(dict[str, Any])
_CALL = msgspec.json.Decoder(tuple[list[Any], dict[str, Any]])
_NOTHING = msgspec.Raw(b"null")

Call = bytes | tuple[list[Any] | None, dict[str, Any] | None] | None
"""An entry's arguments as they are held: JSON of [args, kwargs], or the values; None where there are none."""


def _of_plan(field: str) -> Any:
    return property(attrgetter(f"plan.{field}"))


class Entry:
    """What a user defined, defaults applied: a name, the call's arguments, and the plan that holds all else.

    Immutable. A million of them are a million small objects on a few plans, so nothing else is kept in each. Arguments
    that were read as JSON stay JSON until somebody asks for them, and are then made anew each time.
    """

    __slots__ = ("call", "name", "plan")

    name: str
    plan: Plan
    call: Call

    task: str = _of_plan("task")
    schedule: str = _of_plan("schedule")
    exclude: str | None = _of_plan("exclude")
    calendars: Mapping[str, Mapping[str, Any]] = _of_plan("calendars")
    timezone: str = _of_plan("timezone")
    queue: str = _of_plan("queue")
    priority: int | None = _of_plan("priority")
    headers: Mapping[str, Any] = _of_plan("headers")
    expires: int | None = _of_plan("expires")
    time_limit: float | None = _of_plan("time_limit")
    soft_time_limit: float | None = _of_plan("soft_time_limit")
    enabled: bool = _of_plan("enabled")
    starts_at: int | None = _of_plan("starts_at")
    ends_at: int | None = _of_plan("ends_at")
    max_runs: int | None = _of_plan("max_runs")
    misfire: Misfire = _of_plan("misfire")
    grace: int = _of_plan("grace")
    catch_up_limit: int = _of_plan("catch_up_limit")
    overlap: Overlap = _of_plan("overlap")
    overlap_timeout: int = _of_plan("overlap_timeout")
    pause_after_failures: int = _of_plan("pause_after_failures")
    jitter: int = _of_plan("jitter")
    gap: str | None = _of_plan("gap")
    fold: str | None = _of_plan("fold")
    business_days: BusinessDays | None = _of_plan("business_days")
    description: str | None = _of_plan("description")
    tags: Sequence[str] = _of_plan("tags")

    def __init__(
        self, *, name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        """``fields`` are those of ``Plan``."""
        _fill(self, plan_of(**fields), name, _held(args, kwargs))

    @classmethod
    def on(
        cls,
        plan: Plan,
        name: str,
        args: Sequence[Any] | bytes = (),
        kwargs: Mapping[str, Any] | bytes | None = None,
    ) -> Self:
        """Return an entry on a plan that is there already. Raises msgspec.MsgspecError for bytes that are no JSON."""
        return cls.with_call(plan, name, _held(args, kwargs))

    @classmethod
    def with_call(cls, plan: Plan, name: str, call: Call) -> Self:
        """Return an entry whose arguments are the ``call`` of another one."""
        made = cls.__new__(cls)
        _fill(made, plan, name, call)
        return made

    @classmethod
    def stored(cls, document: str | bytes) -> Self:
        """Return the entry that ``document()`` wrote. Raises msgspec.MsgspecError where this code cannot read it."""
        fields = _FIELDS.decode(document)
        name, args, kwargs = (fields.pop(key, _NOTHING) for key in ("name", "args", "kwargs"))
        plan = plan_in(msgspec.json.encode(fields))
        return cls.on(plan, _NAME.decode(name), bytes(args), bytes(kwargs))

    def document(self) -> str:
        """Return the entry as JSON, as a store keeps it."""
        told = {name: value for name, value in self.fields().items() if name not in _ADDED or value != _ADDED[name]}
        return msgspec.json.encode(told).decode()

    def fields(self) -> dict[str, Any]:
        """Return every field by name, as JSON has them."""
        call = {"name": self.name, "task": self.task, "schedule": self.schedule}
        return {**call, "args": self.args, "kwargs": self.kwargs, **msgspec.to_builtins(self.plan)}

    @property
    def args(self) -> list[Any]:
        """The positional arguments of the call; where there are none, a new list."""
        if isinstance(self.call, bytes):
            return _CALL.decode(self.call)[0]
        return (self.call and self.call[0]) or []

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments of the call; where there are none, a new dict."""
        if isinstance(self.call, bytes):
            return _CALL.decode(self.call)[1]
        return (self.call and self.call[1]) or {}

    @property
    def is_tracked(self) -> bool:
        """Whether the ends of its messages decide about its fires, so that the record keeps them in mind."""
        return self.overlap is not Overlap.ALLOW or self.pause_after_failures > 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return NotImplemented
        if self.name != other.name:
            return False
        if self.call != other.call and (self.args, self.kwargs) != (other.args, other.kwargs):
            return False
        return self.plan is other.plan or self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]  # arguments are lists and tables

    def __repr__(self) -> str:
        return f"Entry({', '.join(f'{name}={value!r}' for name, value in self.fields().items())})"

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot set {name!r} of an entry")


# Some are made for each fire; through ``object.__setattr__`` that takes twice as long.
_put_plan, _put_name, _put_call = (Entry.__dict__[slot].__set__ for slot in ("plan", "name", "call"))


def _fill(entry: Entry, plan: Plan, name: str, call: Call) -> None:
    _put_plan(entry, plan)
    _put_name(entry, name)
    _put_call(entry, call)


def _held(args: Sequence[Any] | bytes, kwargs: Mapping[str, Any] | bytes | None) -> Call:
    if isinstance(args, bytes) and isinstance(kwargs, bytes):
        call = b"[%b,%b]" % (args, kwargs)
        return call if any(_CALL.decode(call)) else None
    values = _ARGS.decode(args) if isinstance(args, bytes) else list(args)
    named_values = _KWARGS.decode(kwargs) if isinstance(kwargs, bytes) else dict(kwargs or {})
    return (values or None, named_values or None) if values or named_values else None


class Version(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One definition of a name, as a source gave it at ``changed_at`` (microseconds).

    ``entry`` None and ``error`` None: the name was removed. ``error``: the definition cannot be used, and why.
    ``unreadable``: it was written by code that knows more than this one, which leaves it alone.
    ``generation``: the life of the name that a row of a table belongs to; None for what was applied as a set.
    """

    name: str
    number: int
    changed_at: int
    fingerprint: int
    source: str = "file"
    entry: Entry | None = None
    error: str | None = None
    unreadable: str | None = None
    generation: int | None = None

    @property
    def removed(self) -> bool:
        """Whether this version removes the name."""
        return self.entry is None and self.error is None and self.unreadable is None and self.source != ROW

    @classmethod
    def stored(
        cls,
        name: str,
        number: int,
        changed_at: int,
        fingerprint: int,
        source: str,
        document: str | None,
        error: str | None,
    ) -> Self:
        """Return the version that a store keeps as this, the last three as ``Draft.told()`` has them."""
        entry, unreadable = None, None
        try:
            entry = None if document is None else Entry.stored(document)
        except msgspec.MsgspecError as mistake:
            # Newer code wrote it. One entry that is left alone must not keep the others from being read.
            unreadable = str(mistake)
        return cls(
            name=name,
            number=number,
            changed_at=changed_at,
            fingerprint=fingerprint,
            source=source,
            entry=entry,
            error=error,
            unreadable=unreadable,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """A version that was taken in: it rules strictly after ``since``, until the next one of its name does.

    Of a row's version a state knows the number, the generation and the fingerprint alone; its source is ``ROW``.
    """

    version: Version
    generation: int
    since: int

    @classmethod
    def of_row(cls, name: str, number: int, fingerprint: int, generation: int, since: int) -> Self:
        """Return what a state keeps of a row's version."""
        version = Version(
            name=name,
            number=number,
            changed_at=since,
            fingerprint=fingerprint,
            source=ROW,
            generation=generation,
        )
        return cls(version=version, generation=generation, since=since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One name as a source reads it now: an entry, or the reason why it cannot be one; ``place`` for people.

    ``error`` begins with its place.
    """

    name: str
    place: str
    entry: Entry | None = None
    error: str | None = None
    source: str = "file"

    def told(self) -> tuple[str, str | None, str | None]:
        """Return what a store keeps of it: the place, the entry's document, and the error where there is no entry."""
        document = None if self.entry is None else self.entry.document()
        return self.place, document, self.error if document is None else None

    def without_ends(self) -> "Draft":
        """Return it as it is where nobody learns when its messages end: an entry that has to know is a bad one."""
        if self.entry is None or (untold := needs_ends(self.entry)) is None:
            return self
        field, reason = untold
        return replace(self, entry=None, error=f"{self.place}: schedules.{named(self.name)}.{field}: {reason}")


def needs_ends(entry: Entry) -> tuple[str, str] | None:
    """Return the field that cannot be used where nobody learns when messages end, and why; None where there is none."""
    if not entry.is_tracked:
        return None
    field = "pause_after_failures" if entry.overlap is Overlap.ALLOW else "overlap"
    told = "which this broker, or consumers = 'celery', does not tell"
    return field, f"{entry.fields()[field]!r} needs to know when a message has ended, {told}; leave it out"
