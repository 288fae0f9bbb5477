"""A moment as a command-line value: ISO 8601, in microseconds since the epoch."""

import re

import click

_MOVING = "beatd.cli.moving"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def utc_moment(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read an option's moment, UTC where it has no zone of its own."""
    return None if value is None else read_moment(value, "UTC", context, parameter)


def past_moment(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read an option's moment that is not in the future: ``now``, a moment, or a duration ago (``24h``)."""
    from beatd.clock import SystemClock

    if value is None:
        return None
    found = recent_moment(value, context, parameter)
    if found > SystemClock().now():
        raise click.BadParameter(f"{value!r} is in the future; give `now`, or an earlier moment", context, parameter)
    return found


def recent_moment(value: str, context: click.Context, parameter: click.Parameter) -> int:
    """Return a moment that may be given as ``now`` or a duration ago. Raises click.BadParameter."""
    from beatd.clock import SystemClock
    from beatd.schedules.durations import parse_duration

    now = SystemClock().now()
    try:
        found = now if value.strip() == "now" else now - parse_duration(value.strip())
    except ValueError:
        try:
            return read_moment(value, "UTC", context, parameter)
        except click.BadParameter as error:
            reason = f"{error.message}, no duration ago such as 24h, and not `now`"
            raise click.BadParameter(reason, context, parameter) from None
    context.meta[_MOVING] = True
    return found


def require_fixed(context: click.Context, reason: str) -> None:
    """Raise click.UsageError where a moment was given that is another one each time (``now``, ``24h``)."""
    if context.meta.get(_MOVING):
        raise click.UsageError(f"give moments, not `now` or durations: {reason}")


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


def require_order(first: int, until: int, names: tuple[str, str]) -> None:
    """Raise click.UsageError where the first moment is not before the second."""
    if first >= until:
        raise click.UsageError(f"{names[0]} must be before {names[1]}")
