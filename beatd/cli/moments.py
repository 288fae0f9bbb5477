"""A moment as a command-line value: ISO 8601, in microseconds since the epoch."""

import re

import click

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def utc_moment(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read an option's moment, UTC where it has no zone of its own."""
    return None if value is None else read_moment(value, "UTC", context, parameter)


def midnight(value: str) -> str:
    """Return a day as its first moment, and anything else as it is."""
    return f"{value.strip()}T00:00" if _DAY.fullmatch(value.strip()) else value.strip()


def read_moment(
    value: str, timezone: str, context: click.Context | None = None, parameter: click.Parameter | None = None
) -> int:
    """Return the moment. Raises click.BadParameter that says what is wrong with it."""
    from beatd.core.field_values import FieldError, moment

    try:
        # A day is its midnight: enough for a look ahead, though too vague for an entry's own bounds.
        return moment("time", midnight(value), timezone)
    except FieldError as error:
        hint = None if parameter is not None else "--after"
        raise click.BadParameter(error.reason, ctx=context, param=parameter, param_hint=hint) from None
