"""The fields of an entry as options, and as FIELD=VALUE."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from beatd.cli.edit.values import json_only, json_or_text, keywords_of
from beatd.core.document import nearest
from beatd.core.field_values import shown
from beatd.core.rows.columns import EDITABLE, JSON

NUMBERS = frozenset({"priority", "max_runs", "catch_up_limit", "pause_after_failures"})
_SWITCH = {"true": True, "false": False}

_CHOICES = {
    "misfire": ("latest", "all", "skip"),
    "overlap": ("allow", "skip", "queue_one", "cancel_previous"),
    "gap": ("shift", "skip"),
    "fold": ("first", "second", "both"),
    "business_days": ("next", "previous", "skip"),
}
_TEXTS = {
    "timezone": ("ZONE", "Its time zone, such as Europe/Berlin."),
    "queue": ("NAME", "The queue that its messages go to."),
    "expires": ("DURATION", "A message that waits for longer is not run."),
    "time_limit": ("DURATION", "The task's process is ended after so long."),
    "soft_time_limit": ("DURATION", "The task is told to end after so long."),
    "starts_at": ("TIME", "No fire before this moment."),
    "ends_at": ("TIME", "No fire from this moment on."),
    "grace": ("DURATION", "How late a fire may be that is caught up."),
    "overlap_timeout": ("DURATION", "A message counts as ended after so long."),
    "jitter": ("DURATION", "Each message waits for up to so long, by chance."),
    "description": ("TEXT", "For people."),
}
_WHOLE = {
    "priority": "From 0 to 9; the highest is run first.",
    "max_runs": "No fire after so many.",
    "catch_up_limit": "With misfire = all: at most so many late fires.",
    "pause_after_failures": "Paused after so many failures in a row.",
}
_WORDS = {
    "misfire": "What late fires do.",
    "overlap": "What a fire does while the former message has not ended.",
    "gap": "What moments do that the clocks skip.",
    "fold": "When moments fire that come twice.",
    "business_days": "Where fires of a closed day go.",
}


def field_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each field beside task and schedule."""
    for option in reversed([*_call_options(), *_plain_options()]):
        function = option(function)
    return function


def _call_options() -> list[Callable[..., Any]]:
    return [
        click.option("--arg", "each_arg", metavar="VALUE", multiple=True, help="An argument: JSON, else text."),
        click.option("-k", "--kwarg", "each_kwarg", metavar="KEY=VALUE", multiple=True, help="An argument by name."),
        click.option("--args", metavar="JSON", help="All arguments, such as '[1, \"two\"]'."),
        click.option("--kwargs", metavar="JSON", help="All arguments by name, such as '{\"x\": 1}'."),
        click.option("--headers", metavar="JSON", help="Headers of the message, such as '{\"tenant\": 3}'."),
        click.option("--exclude", metavar="RULE", multiple=True, help="What it leaves out; may be repeated."),
        click.option("--tag", "tags", metavar="TEXT", multiple=True, help="For people to find it; may be repeated."),
        click.option("--enabled/--disabled", "enabled", default=None, help="Whether it fires at all."),
    ]


def _plain_options() -> list[Callable[..., Any]]:
    return [
        *(click.option(_flag(key), key, metavar=form, help=told) for key, (form, told) in _TEXTS.items()),
        *(click.option(_flag(key), key, type=int, metavar="N", help=told) for key, told in _WHOLE.items()),
        *(click.option(_flag(key), key, type=click.Choice(_CHOICES[key]), help=told) for key, told in _WORDS.items()),
    ]


def given_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that options give. Raises click.UsageError for what contradicts itself."""
    found = {key: value for key, value in options.items() if key in EDITABLE and value not in (None, ())}
    for key in ("exclude", "tags", "schedule"):
        if key in found:
            found[key] = list(found[key])
    for key in JSON & found.keys() - {"tags"}:
        found[key] = json_only(found[key], _flag(key))
    if options["each_arg"]:
        if "args" in found:
            raise click.UsageError("give --arg or --args, not both")
        found["args"] = [json_or_text(value, "--arg") for value in options["each_arg"]]
    if options["each_kwarg"]:
        if "kwargs" in found:
            raise click.UsageError("give --kwarg or --kwargs, not both")
        found["kwargs"] = keywords_of(options["each_kwarg"])
    return found


def assigned(given: Sequence[str]) -> dict[str, Any]:
    """Return the fields that several ``--set`` give; one without a value is None. Raises click.BadParameter."""
    found: dict[str, Any] = {}
    for each in given:
        key, equals, text = each.partition("=")
        key = key.strip().replace("-", "_")
        if not equals:
            raise click.BadParameter(f"{shown(each)} is not FIELD=VALUE", param_hint="--set")
        if key not in EDITABLE:
            remedy = nearest(key, EDITABLE) or f"known: {', '.join(EDITABLE)}"
            raise click.BadParameter(f"there is no field {shown(key)}; {remedy}", param_hint="--set")
        if key in found:
            raise click.BadParameter(f"{key} is given twice", param_hint="--set")
        found[key] = _value(key, text, f"--set {key}") if text else None
    return found


def _value(key: str, text: str, what: str) -> Any:
    if key in JSON:
        return json_only(text, what)
    if key in NUMBERS:
        try:
            return int(text)
        except ValueError:
            raise click.BadParameter(f"must be a whole number, got {shown(text)}", param_hint=what) from None
    if key == "enabled":
        if text.lower() not in _SWITCH:
            raise click.BadParameter(f"must be true or false, got {shown(text)}", param_hint=what)
        return _SWITCH[text.lower()]
    return text


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def flag_of(field: str) -> str:
    """Return the option that gives a field."""
    key = field.partition(".")[0].partition("[")[0]
    return {"tags": "--tag", "name": "NAME"}.get(key, _flag(key))
