"""A command of cron as a call of ``beatd.shell``, and what the lines that set variables say of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from beatd.core.field_values import FieldError, shown, zone

TASK = "beatd.shell"
# Cron ends no command, and beatd.shell every one; a day is longer than any that comes each day may take.
TIMEOUT = 86_400
_SHELL = "/bin/sh"
_OF_MAIL = ("MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING")
_OF_THE_USER = ("LOGNAME", "USER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the lines so far have set for those that follow; ``unusable``: why no line below can be read."""

    timezone: str
    shell: str = _SHELL
    env: Mapping[str, str]
    cwd: str | None = None
    jitter: str | None = None
    unusable: str | None = None


def with_variable(around: Surroundings, name: str, value: str) -> tuple[Surroundings, str | None]:
    """Return what a line ``name = value`` makes of the surroundings, and what is not carried over of it."""
    if name in _OF_CRON:
        return _OF_CRON[name](around, value)
    if name in _OF_MAIL:
        told = "is left out: nothing is mailed; `beatd runs` and the task's result hold how it ended and its output"
        return around, f"{name} {told}" if value else None
    if name in _OF_THE_USER:
        return around, f"{name} is left out: commands run as the worker's own user"
    grown = replace(around, env={**around.env, name: value})
    if name == "TZ":
        told = "is set for the commands alone, as Vixie's, Debian's and cronie's cron do; the times are read in"
        return grown, f"TZ={value[:60]} {told} {around.timezone}, unless CRON_TZ says otherwise"
    return replace(grown, cwd=value or None) if name == "HOME" else grown, None


def _in_zone(around: Surroundings, value: str) -> tuple[Surroundings, str | None]:
    try:
        timezone = zone("CRON_TZ", value)
    except FieldError as error:
        return replace(around, unusable=str(error)), None
    told = (
        "is the zone of the lines below it, as in cronie; Debian's cron does not know it, and reads them in the host's"
    )
    return replace(around, timezone=timezone, unusable=None), f"CRON_TZ={value} {told}"


def _delayed(around: Surroundings, value: str) -> tuple[Surroundings, str | None]:
    if not value.isdigit() or int(value) > 1440:
        return around, f"RANDOM_DELAY={shown(value)} is left out: it is no number of minutes, at most a day"
    told = "is drawn anew each day by cron; here each fire time has a delay of its own, at most that long"
    return replace(around, jitter=f"{int(value)}m" if int(value) else None), f"RANDOM_DELAY={value} {told}"


def _in_shell(around: Surroundings, value: str) -> tuple[Surroundings, None]:
    return replace(around, shell=value or _SHELL), None


_OF_CRON: Mapping[str, Callable[[Surroundings, str], tuple[Surroundings, str | None]]] = {
    "CRON_TZ": _in_zone,
    "RANDOM_DELAY": _delayed,
    "SHELL": _in_shell,
}


def call(command: str, around: Surroundings) -> dict[str, Any]:
    """Return the keyword arguments with which ``beatd.shell`` runs a command as cron does."""
    shell, text, given = around.shell, *split_input(command)
    argv = [shell, "-c", text]
    if given is not None:
        # The task's own standard input is empty.
        argv = [_SHELL, "-c", f'printf \'%s\\n\' "$2" | {shell} -c "$1"', "cron", text, given.removesuffix("\n")]
    made: dict[str, Any] = {"argv": argv, "timeout": TIMEOUT}
    if around.cwd is not None:
        made["cwd"] = around.cwd
    if around.env:
        made["env"] = dict(around.env)
    return made


def split_input(text: str) -> tuple[str, str | None]:
    """Return a command, and what cron writes to its standard input: what follows the first ``%`` that stands bare."""
    parts, escaped = [""], False
    for letter in text:
        if escaped and letter == "%":
            parts[-1] = parts[-1][:-1] + "%"
        elif letter == "%":
            parts.append("")
        else:
            parts[-1] += letter
        escaped = letter == "\\" and not escaped
    return parts[0], "\n".join(parts[1:]) if len(parts) > 1 and any(parts[1:]) else None
