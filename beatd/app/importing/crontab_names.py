"""Names for commands: readable, and the same each time the same file is read."""

import re
from hashlib import sha256

_PART = re.compile(r"&&|\|\||[;|&(){}\n]")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=\S*")
_PREPARING = frozenset(
    {"cd", "test", "[", "[[", "export", "set", "umask", "sleep", ".", "source", "command", "true", ":"}
)
_AROUND = frozenset({"chronic", "env", "exec", "flock", "ionice", "nice", "nohup", "setsid", "sudo", "time", "timeout"})
_INTERPRETERS = re.compile(r"(ba|da|z|k)?sh|(python|php|perl|ruby)[\d.]*|node")
_LONGEST = 48


class Names:
    """Gives each line of a crontab a name of its own."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def give(self, command: str, line: str) -> str:
        """Return the name of a command; where it has one already, with a mark made from the ``line``."""
        name = name_of(command)
        if name in self._given:
            name = f"{name}-{sha256(line.encode()).hexdigest()[:6]}"
        number = self._given[name] = self._given.get(name, 0) + 1
        # No line has such a name by itself: a mark ends it.
        return name if number == 1 else f"{name}.{number}"


def name_of(command: str) -> str:
    """Return what people would call a command: its program and what it is about, without ways and options."""
    parts = [words for part in _PART.split(command[:2000]) if (words := _of_interest(part.split()))]
    words = next((words for words in parts if words[0] not in _PREPARING), parts[0] if parts else [])
    told = [_base(word) for word in words if not word.startswith(("-", "$", "<", ">", "2>", "1>"))]
    if len(told) > 1 and _INTERPRETERS.fullmatch(told[0]):
        told = told[1:]
    name = ""
    for word in filter(None, told[:4]):
        longer = f"{name}-{word}" if name else word[:_LONGEST]
        if len(longer) > _LONGEST:
            break
        name = longer
    return name or "command"


def _of_interest(words: list[str]) -> list[str]:
    """Return the words from the program on: behind assignments, and behind programs that run another."""
    while words and (_ASSIGNED.fullmatch(words[0]) or _base(words[0]) in _AROUND):
        around = not _ASSIGNED.fullmatch(words[0])
        # What stands before the program is an option, its number, or a file to lock.
        words = words[1:]
        while (
            around and len(words) > 1 and re.fullmatch(r"-.*|[\d.]+[smhd]?|\S*\.lock|/var/lock/\S*|/run/\S*", words[0])
        ):
            words = words[1:]
    return words


def _base(word: str) -> str:
    bare = word.strip("\"'").rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._]+", "-", bare).strip("-.")
