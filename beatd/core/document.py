"""A TOML text as data, with the line on which each table and key stands."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from beatd.errors import DefinitionError

Path = tuple[str, ...]

_WHERE = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)

# Only ever run over text that tomllib has accepted, so it need not know what is forbidden.
_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]++|\#[^\n]*+)
    |(?P<newline>\n)
    |(?P<long>\"{3}(?:[^"\\]|\\.|"(?!""))*+\"{3,5}|'{3}(?:[^']|'(?!''))*+'{3,5})
    |(?P<text>"(?:[^"\\]|\\.)*+"|'[^']*+')
    |(?P<mark>[\[\]{}=,.])
    |(?P<bare>[^ \t\r\n\#"'\[\]{}=,.]++)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Document:
    """What a TOML text says; ``place`` names it in errors."""

    place: str
    data: Mapping[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)
    headers: Sequence[tuple[int, Path]] = field(default=(), repr=False)
    """The line and the path of each ``[table]``, in order."""

    def line(self, *keys: str) -> int | None:
        """Return the line of a table or key, or None where the text has no such path."""
        return self.lines.get(keys)

    def at(self, *keys: str) -> str:
        """Return ``place:line`` of the nearest of these keys that the text has."""
        for length in range(len(keys), 0, -1):
            if (line := self.lines.get(keys[:length])) is not None:
                return f"{self.place}:{line}"
        return self.place


def parse_document(text: str, place: str) -> Document:
    """Read a TOML text. Raises DefinitionError naming ``place:line:column`` where it is not TOML."""
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise DefinitionError(place, "tables or lists are nested too deeply") from None
    except ValueError as error:
        raise _syntax_error(text, place, str(error)) from None
    scanner = _Scanner(text)
    return Document(place, data, scanner.scan(), scanner.headers)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return "did you mean …?" for the known name most like ``name``, or None if none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean {by_folded[found[0]]!r}?" if found else None


def _syntax_error(text: str, place: str, message: str) -> DefinitionError:
    found = _WHERE.fullmatch(message)
    if found is None:
        return DefinitionError(place, f"not valid TOML: {message}")
    if found["line"] is None:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    else:
        line, column = int(found["line"]), int(found["column"])
    what = found["what"]
    if found["line"] is not None and (twice := _defined_twice(text, place, line)) is not None:
        return twice
    return DefinitionError(f"{place}:{line}:{column}", f"not valid TOML: {what[:1].lower()}{what[1:]}")


def _defined_twice(text: str, place: str, line: int) -> DefinitionError | None:
    """Return the error for a table or key that stands on ``line`` and before it, None where it is another mistake."""
    rows = text.splitlines(keepends=True)
    before = "".join(rows[: line - 1])
    try:
        # One statement alone is valid TOML; so is all that stands before the first one that is not.
        path, table = _first_path(tomllib.loads(rows[line - 1])), rows[line - 1].lstrip().startswith("[")
        tomllib.loads(before)
    except (ValueError, IndexError):
        return None
    scanner = _Scanner(before)
    lines = scanner.scan()
    # What an inline table holds belongs to the value, so the whole path need not be there.
    paths = [path] if table else [(*scanner.table, *path[:length]) for length in range(len(path), 0, -1)]
    whole = next((each for each in paths if each in lines), None)
    if whole is None:
        return None
    name = ".".join(step if step.isprintable() else repr(step) for step in whole)[:160]
    remedy = "rename one of them, or remove it" if table else "remove one of them"
    return DefinitionError(f"{place}:{line}", f"{name}: is already defined at {place}:{lines[whole]}", remedy)


def _first_path(data: Mapping[str, Any]) -> Path:
    path: Path = ()
    value: Any = data
    while isinstance(value, Mapping) and len(value) == 1:
        ((key, value),) = value.items()
        path = (*path, key)
    return path


class _Scanner:
    """Walks over the tokens of a valid TOML text and notes where each key path first appears."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.tokens: Iterator[re.Match[str]] = (token for token in _TOKEN.finditer(text) if token.lastgroup != "skip")
        self.token: re.Match[str] | None = None
        self.lines: dict[Path, int] = {}
        self.headers: list[tuple[int, Path]] = []
        self.table: Path = ()
        self.advance()

    def scan(self) -> dict[Path, int]:
        """Return the line of each path."""
        while self.token is not None:
            if self.token.lastgroup == "newline":
                self.advance()
            elif self.token.group() == "[":
                line = self.line_of_token()
                self.table = self.header()
                self.headers.append((line, self.table))
            else:
                self.pair(self.table)
        return self.lines

    def advance(self) -> None:
        """Go on to the next token; None at the end."""
        self.token = next(self.tokens, None)

    def header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]``."""
        while self.is_mark("["):
            self.advance()
        table = self.key(())
        while self.is_mark("]"):
            self.advance()
        return table

    def key(self, prefix: Path) -> Path:
        """Read a dotted key and note it and the tables that it passes through."""
        path, parts = prefix, ""
        line = self.line_of_token()
        while self.token is not None and not self.is_mark("=") and not self.is_mark("]"):
            if self.is_mark("."):
                path, parts = (*path, _unquoted(parts)), ""
                self.lines.setdefault(path, line)
            else:
                parts += self.token.group()
            self.advance()
        path = (*path, _unquoted(parts))
        self.lines.setdefault(path, line)
        return path

    def pair(self, table: Path) -> None:
        """Read ``key = value``."""
        path = self.key(table)
        self.advance()
        self.value(path)

    def value(self, path: Path) -> None:
        """Pass over a value, noting the keys of inline tables, up to what ends it."""
        while self.token is not None and not self.ends_value():
            opening = self.token.group() if self.token.lastgroup == "mark" else ""
            self.advance()
            if opening == "{":
                self.inline_table(path)
            elif opening == "[":
                self.list_of_values(path)

    def ends_value(self) -> bool:
        """Return whether the token belongs to what is around the value."""
        assert self.token is not None  # noqa: S101  the caller's loop says so
        return self.token.lastgroup == "newline" or self.token.group() in {",", "]", "}"}

    def inline_table(self, path: Path) -> None:
        """Read the pairs up to ``}``."""
        while self.token is not None and not self.is_mark("}"):
            if self.is_mark(",") or self.token.lastgroup == "newline":
                self.advance()
            else:
                self.pair(path)
        self.advance()

    def list_of_values(self, path: Path) -> None:
        """Read the values up to ``]``; tables in a list share the list's path."""
        while self.token is not None and not self.is_mark("]"):
            if self.is_mark(",") or self.token.lastgroup == "newline":
                self.advance()
            else:
                self.value(path)
        self.advance()

    def is_mark(self, mark: str) -> bool:
        """Return whether the token is this mark."""
        return self.token is not None and self.token.lastgroup == "mark" and self.token.group() == mark

    def line_of_token(self) -> int:
        """Return the line on which the token begins, from 1."""
        return bisect_right(self.starts, self.token.start()) if self.token is not None else len(self.starts)


def _unquoted(part: str) -> str:
    if part[:1] not in {'"', "'"}:
        return part
    return next(iter(tomllib.loads(f"{part} = 0")))
