"""A crontab, of a user or of the system, as entries that run its commands."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from beatd.app.importing.crontab_command import TASK, Surroundings, call, with_variable
from beatd.app.importing.crontab_fields import Times, nickname_times, times
from beatd.app.importing.crontab_names import Names
from beatd.app.importing.imported import Found, Imported, LeftOut
from beatd.core.field_values import shown
from beatd.errors import DefinitionError

LARGEST = 16 * 1024 * 1024
_VARIABLE = re.compile(r"""(?:"([^"]*)"|'([^']*)'|([^\s=]+))\s*=\s*(.*?)\s*""", re.DOTALL)
_BLANKS = re.compile(r"[ \t]+")
# What tells the order of the fields, in the crontabs that systems bring along.
_HEADING = re.compile(r"#\s*(m\b.*\bh\b|\||\S*-{3,})", re.IGNORECASE)
# Of whom a system's crontab speaks in the place where a user's has its commands.
_USERS = frozenset({"root", "nobody", "daemon", "www-data", "nginx", "apache", "postgres", "mysql", "redis", "munin"})
_LONGEST_COMMAND = 100_000
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Line(NamedTuple):
    """A line that fires: its schedule in words, the user of the system's form, and the command."""

    when: Sequence[str]
    user: str | None
    command: str


def read_crontab(content: bytes, place: str, *, system: bool | None = None, timezone: str) -> Found:
    """Return what a crontab holds; ``timezone`` is that of the host whose cron reads it.

    ``system``: whether a user stands before each command; None: as its place says, where nothing in it speaks against
    that. Raises DefinitionError for what is no crontab, or may be of either form.
    """
    lines = _lines(content, place)
    if system is None:
        system = _is_systems(place)
        if not system:
            _refuse_ambiguous(lines, place)
    return _Reading(place, system=system, timezone=timezone).read(lines)


def _lines(content: bytes, place: str) -> list[str]:
    """Return the lines; what is not UTF-8 in them stays recognizable. Raises DefinitionError."""
    if len(content) > LARGEST:
        raise DefinitionError(place, f"is longer than {LARGEST // 1024 // 1024} MiB", "it is hardly a crontab")
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise DefinitionError(f"{place}:{line}", "is no crontab: it holds a NUL byte", "name a text file")
    text = content.decode("utf-8-sig", "surrogateescape")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _is_systems(place: str) -> bool:
    path = PurePath(place)
    return path.parent.name == "cron.d" or (path.name == "crontab" and path.parent.name == "etc")


def _refuse_ambiguous(lines: Sequence[str], place: str) -> None:
    for number, text in enumerate(lines, 1):
        words = _BLANKS.split(text.strip(" \t"), maxsplit=6)
        if not text.startswith("#") and len(words) == 7 and words[5] in _USERS and not _VARIABLE.fullmatch(text):
            reason = f"{words[5]!r} may be a user, as in /etc/crontab, or a command, as in a user's crontab"
            raise DefinitionError(f"{place}:{number}", reason, "say --system or --user")


class _Reading:
    """Goes through the lines of one crontab."""

    def __init__(self, place: str, *, system: bool, timezone: str) -> None:
        self._place, self._system = place, system
        self._around = Surroundings(timezone=timezone, env={})
        self._names, self._found = Names(), Found()
        self._comment: list[str] = []

    def read(self, lines: Sequence[str]) -> Found:
        for number, text in enumerate(lines, 1):
            self._read(number, text.strip(" \t"))
        self._found.notes += _of_all(self._found.entries)
        return self._found

    def _read(self, number: int, text: str) -> None:
        comment, self._comment = self._comment, []
        if not text:
            return
        if text.startswith("#"):
            self._comment = [] if _HEADING.match(text) else [*comment, *_words_of_comment(text)]
            return
        place = f"{self._place}:{number}"
        try:
            if (variable := _VARIABLE.fullmatch(text)) is not None:
                self._set(place, variable)
            else:
                self._take(place, text, "\n".join(comment))
        except ValueError as error:
            on_purpose = text.lower().startswith("@reboot")
            told = LeftOut(place=place, what=_shown(text), reason=str(error), wrong=not on_purpose)
            self._found.left_out.append(told)

    def _take(self, place: str, text: str, comment: str) -> None:
        line, told = _line(text, system=self._system)
        if self._around.unusable is not None:
            raise ValueError(self._around.unusable)
        self._found.add(self._entry(place, line, told, comment))

    def _set(self, place: str, variable: re.Match[str]) -> None:
        name = next(group for group in variable.groups()[:3] if group is not None)
        value = variable[4]
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        _refuse_unfit(name + value)
        self._around, told = with_variable(self._around, name, value)
        if told is not None:
            self._found.notes.append(f"{place}: {told}")

    def _entry(self, place: str, line: Line, told: Times, comment: str) -> Imported:
        notes = list(told.notes)
        if line.user is not None:
            notes.append(f"runs as the worker's own user, not as {line.user!r}")
        fields: dict[str, Any] = {
            "schedule": told.text,
            "timezone": self._around.timezone,
            "task": TASK,
            "kwargs": call(line.command, self._around),
        }
        if self._around.jitter is not None:
            fields["jitter"] = self._around.jitter
        if comment:
            fields["description"] = comment
        name = self._names.give(line.command, " ".join((*line.when, line.user or "", line.command)))
        return Imported(name=name, place=place, fields=fields, notes=notes)


def _line(text: str, *, system: bool) -> tuple[Line, Times]:
    """Return a line and when it fires. Raises ValueError with the reason where cron would refuse it."""
    _refuse_unfit(text)
    before = 1 if text.startswith("@") else 5
    words = _BLANKS.split(text, maxsplit=before + system)
    when = words[:before]
    if before == 5 and len(when) < 5:
        raise ValueError("is no line of cron: five fields and a command, a variable, or a comment")
    # A minus before the first field asks cronie to be silent about it in its log.
    told = nickname_times(when[0]) if before == 1 else times([when[0].removeprefix("-"), *when[1:]])
    if len(words) <= before + system or not words[-1]:
        raise ValueError("has no command" if len(words) == before else "has a user, but no command")
    command = words[-1]
    if len(command) > _LONGEST_COMMAND:
        raise ValueError(f"has a command of {len(command)} characters; at most {_LONGEST_COMMAND} are read")
    return Line(when, words[before] if system else None, command), told


def _refuse_unfit(text: str) -> None:
    if found := _UNFIT.search(text):
        raise ValueError(f"holds the control character {found[0]!r}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not UTF-8 text") from None


def _words_of_comment(text: str) -> Iterator[str]:
    """Yield what a comment says to people, but not lines that were put out of use."""
    bare = text.lstrip("# \t").rstrip()
    if not bare or _VARIABLE.fullmatch(bare):
        return
    try:
        _line(bare, system=False)
    except ValueError:
        yield bare.encode(errors="replace").decode()


def _of_all(entries: Sequence[Imported]) -> Iterator[str]:
    if not entries:
        return
    yield (
        "the worker runs only command lines that allow_shell names: set it where the worker runs "
        "(--allow-shell prints what these entries need)"
    )
    if any("cwd" not in entry.fields["kwargs"] for entry in entries):
        yield "commands run in the worker's folder and environment, not in a user's home; what the file sets holds"


def _shown(text: str) -> str:
    return shown(text.encode(errors="backslashreplace").decode())[1:-1]
