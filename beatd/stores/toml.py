"""Entries from a TOML file, or from a folder of them that works as one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from beatd.core.calendars import NO_CALENDARS, Calendars
from beatd.core.document import Document, nearest
from beatd.core.entry import Draft, Entry
from beatd.core.field_values import named, shown
from beatd.core.fields import FIELDS, FieldError, decode_entry
from beatd.errors import DefinitionError
from beatd.stores.toml_calendars import calendars_of
from beatd.stores.toml_files import read_toml, toml_files
from beatd.stores.toml_signature import Signature, signature

T = TypeVar("T")


class TomlSource:
    """A file, or a folder whose ``*.toml`` files are one set; ``timezone`` and ``queue`` are the settings' own."""

    def __init__(self, path: str | Path, *, timezone: str = "UTC", queue: str = "celery") -> None:
        self.name = str(path)
        self._path = Path(path)
        self._timezone = timezone
        self._queue = queue
        self._seen: Signature | None = None

    def load(self) -> list[Draft]:
        """Read all drafts, one with an ``error`` for each bad entry. Raises DefinitionError for a bad source."""
        # Taken before reading: what changes meanwhile then differs from it, and is read again.
        self._seen = signature(self._path)
        documents = [read_toml(file) for file in toml_files(self._path)]
        calendars = calendars_of(documents)
        drafts: dict[str, Draft] = {}
        for draft in (draft for document in documents for draft in self._drafts(document, calendars)):
            former = drafts.setdefault(draft.name, draft)
            if former is not draft:
                reason = f"schedules.{named(draft.name)}: is already defined at {former.place}"
                raise DefinitionError(draft.place, reason, "rename one of them, or remove it")
        return list(drafts.values())

    def survey(self) -> tuple[list[Draft], list[str]]:
        """Return all that can be read, whatever is wrong beside it, and what is: files, and calendars used or not.

        For people who look for every mistake at once. Drafts of one name are all there.
        """
        wrong: list[str] = []
        files = next(_readable(wrong, [lambda: toml_files(self._path)]), [])
        documents = list(_readable(wrong, [partial(read_toml, file) for file in files]))
        calendars = next(_readable(wrong, [lambda: calendars_of(documents)]), NO_CALENDARS)
        found = _readable(wrong, [partial(self._drafts, each, calendars) for each in documents])
        drafts = list(chain.from_iterable(found))
        return drafts, [*wrong, *calendars.broken.values()]

    def changed(self) -> bool:
        """Return whether a file, or the list of files, differs from what the last ``load`` found."""
        return signature(self._path) != self._seen

    def paths(self) -> list[str]:
        """Return the file or folder itself: the folder around a file may hold a database that changes all the time."""
        return [str(self._path)]

    def _drafts(self, document: Document, calendars: Calendars) -> list[Draft]:
        decode = partial(
            decode_entry,
            defaults=_defaults(document),
            timezone=self._timezone,
            queue=self._queue,
            calendars=calendars,
        )
        return [_draft(document, name, raw, decode) for name, raw in document.data.get("schedules", {}).items()]


def _draft(document: Document, name: str, raw: Any, decode: Callable[[str, Mapping[str, Any]], Entry]) -> Draft:
    place = document.at("schedules", name)
    if not isinstance(raw, Mapping):
        return Draft(
            name=name, place=place, error=f"{place}: schedules.{named(name)}: must be a table, got {shown(raw)}"
        )
    if (inner := _of_dotted_name(raw)) is not None:
        at = document.at("schedules", name, inner)
        path = f"schedules.{named(name)}.{named(inner)}"
        reason = f'{path}: a name that holds a dot stands in quotes; write [schedules."{named(f"{name}.{inner}")}"]'
        return Draft(name=name, place=place, error=f"{at}: {reason}")
    try:
        entry = decode(name, raw)
    except FieldError as error:
        return Draft(name=name, place=place, error=_sentence(document, name, raw, error))
    return Draft(name=name, place=place, entry=entry)


def _readable(wrong: list[str], reads: Sequence[Callable[[], T]]) -> Iterator[T]:
    """Yield what each of these reads, or tell in ``wrong`` why it cannot."""
    for read in reads:
        try:
            yield read()
        except DefinitionError as error:
            wrong.append(str(error))


def _of_dotted_name(raw: Mapping[str, Any]) -> str | None:
    """Return the key of an entry inside an entry: TOML reads ``[schedules.shop.backup]`` as a table in ``shop``."""
    for key, value in raw.items():
        if key not in FIELDS and isinstance(value, Mapping) and ("schedule" in value or "task" in value):
            return key
    return None


def _defaults(document: Document) -> Mapping[str, Any]:
    defaults: Mapping[str, Any] = document.data.get("defaults", {})
    for key in defaults:
        if key not in FIELDS or key == "name":
            hint = nearest(key, FIELDS) if key != "name" else "each entry has its own"
            raise DefinitionError(document.at("defaults", key), f"defaults.{named(key)}: unknown key", hint)
    return defaults


def _sentence(document: Document, name: str, raw: Mapping[str, Any], error: FieldError) -> str:
    """Return ``file:line: path: reason; hint`` where the wrong value stands: in the entry, or in [defaults]."""
    keys = error.key.split(".")
    # "kwargs.rows[3].when": the text knows the list as a whole.
    steps = [key.split("[")[0] for key in keys]
    in_defaults = steps[0] not in raw and document.line("defaults", steps[0]) is not None
    prefix = ("defaults",) if in_defaults else ("schedules", name)
    place = document.at(*prefix, *steps)
    path = ".".join(named(key) for key in (*prefix, *keys))
    return str(DefinitionError(place, f"{path}: {error.reason}", error.hint))
