"""The text of a TOML file in which entries are added, changed and removed; all else stays as it is written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from beatd.core.field_values import FieldError
from beatd.core.rows.written import invalid
from beatd.core.toml_text import read_document
from beatd.errors import StoreError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_MARK = "\ufeff"


def by_hand(place: str) -> StoreError:
    """Return the error for what only a person can edit."""
    return StoreError(f"{place} is written in a way that cannot be edited in place; edit it by hand")


def table_text(name: str, fields: Mapping[str, Any]) -> str:
    """Return an entry as a table. Raises InvalidEntryError for what TOML cannot hold."""
    return _table("schedules", name, {key: without_null(name, key, value) for key, value in fields.items()})


def calendar_text(name: str, document: Mapping[str, Any]) -> str:
    """Return a calendar as a table."""
    return _table("calendars", name, document)


def _table(kind: str, name: str, fields: Mapping[str, Any]) -> str:
    lines = [f"[{kind}.{_key(name)}]", *(f"{_key(key)} = {_value(value)}" for key, value in fields.items())]
    return "\n".join(lines) + "\n"


def without_null(name: str, key: str, value: Any) -> Any:
    """Return a field's value. Raises InvalidEntryError where it holds null."""
    try:
        _check_null(key, value)
    except FieldError as error:
        raise invalid(name, error) from None
    return value


def _check_null(path: str, value: Any) -> None:
    if value is None:
        raise FieldError(path, "is null, which TOML does not have", "leave it out")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_null(f"{path}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_null(f"{path}[{index}]", item)


class TomlText:
    """Edits follow one another, and what comes of them is checked by whoever writes it: see ``entries``.

    ``entries``: the entries as they should be read back. Raises DefinitionError for a text that is no file of beatd's.
    """

    def __init__(self, content: bytes, place: str) -> None:
        self.document = read_document(content, place)
        self.entries: dict[str, Any] = dict(self.document.data.get("schedules", {}))
        self._place = place
        text = content.decode()
        self._mark = _MARK if text.startswith(_MARK) else ""
        self._newline = "\r\n" if "\r\n" in text and text.count("\r\n") == text.count("\n") else "\n"
        text = text.removeprefix(_MARK)
        self._text = text.replace("\r\n", "\n") if self._newline == "\r\n" else text
        self._tree: TOMLDocument | None = None

    def content(self) -> bytes:
        """Return the file's bytes."""
        return (self._mark + self._as_text().replace("\n", self._newline)).encode()

    def add(self, name: str, fields: Mapping[str, Any]) -> None:
        """Add an entry at the end."""
        text = self._as_text()
        gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
        self._text = text + gap + table_text(name, fields)
        self.entries[name] = dict(fields)

    def remove(self, name: str) -> None:
        """Remove an entry with what stands in its tables; comments before and behind it stay."""
        blocks = self._blocks(name)
        if not blocks:
            with self._by_tree() as entries:
                del entries[name]
        else:
            lines = self._as_text().split("\n")
            for _, (first, end) in reversed(blocks):
                gap = end < len(lines) - 1 and not lines[end].strip() and (first == 0 or not lines[first - 1].strip())
                del lines[first : end + gap]
            self._text = "\n".join(lines)
        del self.entries[name]

    def change(self, name: str, fields: Mapping[str, Any]) -> None:
        """Change keys of an entry, None meaning that it goes."""
        entry = dict(self.entries[name])
        for key, value in fields.items():
            if value is None:
                if entry.pop(key, None) is not None:
                    with self._by_tree() as entries:
                        del entries[name][key]
            else:
                self._set(name, key, value, new=key not in entry)
                entry[key] = value
        self.entries[name] = entry

    def _set(self, name: str, key: str, value: Any, *, new: bool) -> None:
        blocks = self._blocks(name) if new else []
        if not blocks:
            with self._by_tree() as entries:
                entries[name][key] = _item(value)
            return
        # Behind the last key: tomlkit would put it behind the comments of the next table.
        lines = self._as_text().split("\n")
        end = next(end for path, (_, end) in blocks if len(path) == 2)
        lines.insert(end, f"{_key(key)} = {_value(value)}")
        self._text = "\n".join(lines)

    @contextmanager
    def _by_tree(self) -> Iterator[Any]:
        """Give the entries as tables of tomlkit, to be changed. Raises StoreError for what it cannot change."""
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            if self._tree is None:
                self._tree = tomlkit.parse(self._text)
            yield self._tree["schedules"]
        except TOMLKitError as error:
            raise by_hand(self._place) from error

    def _as_text(self) -> str:
        if self._tree is not None:
            self._text, self._tree = self._tree.as_string(), None
        return self._text

    def _blocks(self, name: str) -> list[tuple[tuple[str, ...], tuple[int, int]]]:
        """Return the path of each of the entry's tables, and its lines, from 0, the end excluded.

        Nothing where there is no table of the entry itself: it is written otherwise.
        """
        text = self._as_text()
        lines, headers = text.split("\n"), read_document(text.encode(), self._place).headers
        ends = [*(line - 1 for line, _ in headers[1:]), len(lines)]
        each = zip(headers, ends, strict=False)  # there may be no header at all
        found = [(path, _block(lines, line, end)) for (line, path), end in each if path[:2] == ("schedules", name)]
        return found if any(len(path) == 2 for path, _ in found) else []


def _block(lines: list[str], line: int, end: int) -> tuple[int, int]:
    """Return where a table begins, and where its last value ends."""
    # What stands before the next table, after a blank line or not, is told of that one.
    while end > line and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return line - 1, end


def _key(name: str) -> str:
    import tomlkit

    return tomlkit.key(name).as_string()


def _item(value: Any) -> Any:
    import tomlkit

    return tomlkit.parse(f"value = {_value(value)}")["value"]


def _value(value: Any) -> str:
    """Return a value on one line, as TOML has it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    import tomlkit

    written: str = tomlkit.item(value).as_string()
    return written
