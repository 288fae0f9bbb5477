"""What the built-in tasks may do: patterns over command lines and URLs, and nothing that none of them names. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

_PORTS = {"http": "80", "https": "443"}


def command_line(argv: Sequence[str], *, cwd: str | None, env: Mapping[str, str] | None) -> list[str]:
    """Return the words that patterns are matched with: those of ``env(1)`` where a folder or variables are given.

    Both decide what a command does as much as its arguments do (PATH, LD_PRELOAD, a relative file name).
    """
    if cwd is None and not env:
        return list(argv)
    folder = [] if cwd is None else [f"--chdir={cwd}"]
    return ["env", *folder, *(f"{name}={value}" for name, value in sorted((env or {}).items())), *argv]


def allows_command(patterns: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether a pattern allows these words.

    A pattern is written as on a shell's command line and matched word by word, so that ``*`` never lets in a further
    argument; but a last word ``*`` stands for any number of any words.
    """
    return any(_matches(_words(pattern), words) for pattern in patterns)


def allows_url(patterns: Sequence[str], url: str) -> bool:
    """Return whether a pattern allows this URL: http or https, and ``*`` in the host's place never reaches the path.

    A pattern that ends with its host allows its root only; ``https://host*`` and ``https://host/*`` allow all of it.
    """
    parts = _split(url)
    if parts is None or not url.isprintable() or any(mark in url for mark in "\\ "):
        return False
    # Also what a server may decode before it walks the path.
    if ".." in unquote(unquote(parts[2])).replace("\\", "/").split("/"):
        return False
    return any(pattern == "*" or _matches_url(pattern, parts) for pattern in patterns)


def _words(pattern: str) -> list[str]:
    try:
        return shlex.split(pattern)
    except ValueError:
        # An open quotation: such a pattern allows nothing, rather than something else than was meant.
        return []


def _matches(pattern: Sequence[str], words: Sequence[str]) -> bool:
    if pattern and pattern[-1] == "*":
        pattern, rest = pattern[:-1], True
    else:
        rest = False
    if not words or len(words) < len(pattern) or (len(words) > len(pattern) and not rest):
        return False
    return all(_word_matches(each, word) for each, word in zip(pattern, words, strict=False))


def _word_matches(pattern: str, word: str) -> bool:
    if word == pattern:
        return True
    # A wildcard stands for a name below the place that the pattern shows, not for a way out of it.
    return word.isprintable() and ".." not in word.split("/") and fnmatchcase(word, pattern)


def _split(url: str) -> tuple[str, str, str] | None:
    """Return scheme, host with port unless it is the usual one, path with query; None for what is no such URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    # A user's name, or an encoded sign, makes the host another one than it seems to be.
    if scheme not in _PORTS or not parts.netloc or any(mark in parts.netloc for mark in "@%"):
        return None
    host = parts.netloc.lower().removesuffix(":" + _PORTS[scheme])
    return scheme, host, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _matches_url(pattern: str, parts: tuple[str, str, str]) -> bool:
    scheme, divider, rest = pattern.partition("://")
    if not divider:
        return False
    host, slash, path = rest.partition("/")
    host = host.lower()
    if not slash:
        path, host = ("*", host.rstrip("*") or "*") if host.endswith("*") else ("", host)
    host = host.removesuffix(":" + _PORTS.get(parts[0], ""))
    return fnmatchcase(parts[0], scheme.lower()) and fnmatchcase(parts[1], host) and fnmatchcase(parts[2], "/" + path)
