"""Raw rows become entries: what many rows have in common is judged once."""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from beatd.core.calendars import Calendars, named_in, read_calendars
from beatd.core.compiling import uses_name
from beatd.core.entry import Call, Entry, needs_ends
from beatd.core.field_values import FieldError, json_list, json_table, shown
from beatd.core.fields import check_name, decode_entry
from beatd.core.plan import SHARED, Plan
from beatd.core.rows.columns import CALENDAR, CALL, COLUMNS, DEFINE_ROW, LARGEST, Documents, Raw, cut
from beatd.schedules.composition.calendars import CalendarError

_PLAN = COLUMNS[CALL:]
_EXCLUDE = COLUMNS.index("exclude")
_SHALLOW = 50
_LONG = 19
_LONG_NUMBER = re.compile(f"[0-9]{{{_LONG}}}")
_ARGS = msgspec.json.Decoder(list[Any])
_KWARGS = msgspec.json.Decoder(dict[str, Any])
_CARRIED = ("args", "kwargs", "headers")
_SMALL = 65_536
"""Characters: what is larger in a row is not kept in mind for the next one."""


def calendars_named(raw: Raw) -> Sequence[str]:
    """Return the names of the calendars that a row names."""
    exclude = raw[_EXCLUDE]
    return () if exclude is None else _named(exclude)


@lru_cache(maxsize=1024)
def _named(exclude: str) -> tuple[str, ...]:
    return tuple(named_in(exclude[:LARGEST]))


class _Common:
    """What all rows with these values have in common; ``plan`` None: not judged yet, or a bad one."""

    __slots__ = ("by_name", "documents", "error", "plan", "stem", "values")

    def __init__(self, values: Raw, documents: Documents) -> None:
        self.values = values
        self.documents = documents
        self.plan: Plan | None = None
        self.error: str | None = None
        self.by_name = False
        told = {column: cut(value) for column, value in self.given().items()}
        if documents:
            told["calendars"] = documents
        self.stem = blake2b(_encoded(told), digest_size=8)

    def given(self) -> dict[str, Any]:
        return {column: value for column, value in zip(_PLAN, self.values, strict=True) if value is not None}


def _encoded(told: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(told)
    except UnicodeEncodeError:  # bytes that are no text, which only SQLite takes
        return repr(told).encode()


class RowDecoder:
    """Reads raw rows; ``timezone`` and ``queue`` hold where a row names none.

    ``sees_finish`` False: nobody learns when messages end, so an entry that has to know is a bad one. Used by one
    thread at a time.
    """

    def __init__(self, *, timezone: str, queue: str, sees_finish: bool) -> None:
        self._own = {"timezone": timezone, "queue": queue}
        self._sees_finish = sees_finish
        self._known: dict[Any, _Common] = {}

    def unusable(self, name: str) -> str | None:
        """Return why no entry can have this name, None where one can."""
        try:
            check_name(name)
        except FieldError as error:
            return str(error)
        return None

    def fingerprint(self, raw: Raw, documents: Documents = ()) -> int:
        """Return what tells a row from any other: 63 bits, the same on every host and in every later version.

        BLAKE2b of 8 bytes, big endian, less the last bit, of three lines: the columns that are given, but for args and
        kwargs, as a JSON object in the order of ``COLUMNS``, with ``calendars`` where it names some; args; kwargs.
        """
        return _print(self._common(raw, documents), raw)

    def read(self, name: str, raw: Raw, documents: Documents = ()) -> tuple[int, Entry | str]:
        """Return a row's fingerprint, and the entry that it defines or why it cannot be one."""
        common = self._common(raw, documents)
        return _print(common, raw), self._entry(common, name, raw)

    def _entry(self, common: _Common, name: str, raw: Raw) -> Entry | str:
        try:
            if common.plan is None and common.error is None:
                self._judge(common, name)
            if common.error is not None:
                return f"row {name!r}: {common.error}"
            plan = self._decoded(common, name).plan if common.by_name or common.plan is None else common.plan
            call = _call(raw[0], raw[1])
        except FieldError as error:
            return f"row {name!r}: {error}"
        return Entry.with_call(plan, name, call)

    def _common(self, raw: Raw, documents: Documents) -> _Common:
        values = raw[CALL:]
        key: Any = (values, documents) if documents else values
        found = self._known.get(key)
        if found is None:
            found = _Common(values, documents)
            if sum(len(value) for value in values if isinstance(value, str)) <= _SMALL:
                if len(self._known) >= SHARED:
                    self._known.clear()
                self._known[key] = found
        return found

    def _judge(self, common: _Common, name: str) -> None:
        """Decode what is common; a mistake may be of this name alone where the schedule depends on it."""
        try:
            entry = self._decoded(common, name)
        except FieldError as error:
            if _may_use_name(common.values):
                raise
            common.error = str(error)
            return
        common.plan, common.by_name = entry.plan, _judged_by_name(entry.plan)

    def _decoded(self, common: _Common, name: str) -> Entry:
        given = common.given()
        for column, value in given.items():
            if isinstance(value, str) and len(value) > LARGEST:
                raise _too_long(column)
        if given.get("enabled") in (0, 1):
            given["enabled"] = bool(given["enabled"])
        for column, kind in (("headers", dict), ("tags", list)):
            if column in given:
                given[column] = _json(column, given[column], kind)
        calendars = _calendars(common.documents)
        entry = decode_entry(name, given, {}, **self._own, calendars=calendars)
        if not self._sees_finish and (untold := needs_ends(entry)) is not None:
            raise FieldError(*untold)
        return entry


def _print(common: _Common, raw: Raw) -> int:
    told = common.stem.copy()
    args, kwargs = raw[0] or "", raw[1] or ""
    if len(args) > LARGEST or len(kwargs) > LARGEST:
        args, kwargs = cut(args), cut(kwargs)
    told.update(f"\n{args}\n{kwargs}".encode(errors="surrogatepass"))
    return int.from_bytes(told.digest(), "big") >> 1


def _may_use_name(values: Raw) -> bool:
    return any("H" in (value or "").upper() for value in values[1:3])


def _judged_by_name(plan: Plan) -> bool:
    """Return whether one entry on this plan may be good and another one not, because of its name (``H``)."""
    if not uses_name(plan):
        return False
    if (plan.exclude, plan.business_days, plan.starts_at, plan.ends_at) != (None,) * 4:
        return True
    rules = [rule.split() for rule in plan.schedule.split("|")]
    # Any hour and minute comes every day. Which days come at all, only the search for one knows.
    return any(len(words) > 6 or any("H" in word for word in words[-3:]) for words in rules)


def _call(args: str | None, kwargs: str | None) -> Call:
    """Return the arguments as they are written, once it is known that they can be read."""
    args, kwargs = args or "[]", kwargs or "{}"
    if not (_is_plain(args) and _is_plain(kwargs)):
        return _judged(args, kwargs)
    try:
        given = _ARGS.decode(args), _KWARGS.decode(kwargs)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _judged(args, kwargs)
    return f"[{args},{kwargs}]".encode() if any(given) else None


def _judged(args: str, kwargs: str) -> Call:
    """Return the arguments, or say what is wrong with them."""
    values = json_list("args", _json("args", args, list) or [])
    named_values = json_table("kwargs", _json("kwargs", kwargs, dict) or {})
    return (values or None, named_values or None) if values or named_values else None


def _is_plain(text: str) -> bool:
    """Return whether JSON can hold nothing that is too large or too deep, without a look at it all."""
    if len(text) < _LONG:
        return True
    return len(text) <= LARGEST and text.count("[") + text.count("{") <= _SHALLOW and _LONG_NUMBER.search(text) is None


_EXAMPLES = {"args": "'[1, \"two\"]'", "kwargs": "'{\"name\": 1}'", "headers": "'{\"name\": 1}'", "tags": "'[\"a\"]'"}


def _json(column: str, text: str, kind: type) -> Any:
    """Return what the JSON of a column says; null is as NULL."""
    if len(text) > LARGEST:
        raise _too_long(column)
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FieldError(column, f"is not JSON that can be read: {error}", f"write {_EXAMPLES[column]}") from None
    if found is not None and not isinstance(found, kind):
        what = "a JSON object" if kind is dict else "a JSON array"
        raise FieldError(column, f"must be {what}, got {shown(text)}", f"write {_EXAMPLES[column]}")
    return found


def _too_long(column: str) -> FieldError:
    remedy = "pass the id of what it is" if column in _CARRIED else "shorten it"
    return FieldError(column, f"is longer than {LARGEST} characters", remedy)


@lru_cache(maxsize=1024)
def _calendars(documents: Documents) -> Calendars:
    tables: dict[str, Any] = {}
    broken: dict[str, str] = {}
    for name, document in documents:
        if document is None:
            continue
        try:
            tables[name] = {key: _member(name, key, value) for key, value in zip(CALENDAR, document, strict=True)}
        except CalendarError as error:
            broken[name] = _sentence(name, error)
    read = read_calendars(tables, _sentence)
    return Calendars(read.good, {**read.broken, **broken}, DEFINE_ROW)


def _member(name: str, key: str, value: str | None) -> Any:
    if value is None or key in ("country", "region"):
        return value
    if len(value) > LARGEST:
        raise CalendarError(name, key, f"is longer than {LARGEST} characters")
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise CalendarError(name, key, f"is not JSON that can be read: {error}") from None


def _sentence(name: str, error: CalendarError) -> str:
    return f"row {name!r} of beatd_calendars: " + (f"{error.key}: {error.reason}" if error.key else error.reason)
