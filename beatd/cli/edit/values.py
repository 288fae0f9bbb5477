"""Arguments of tasks as a command line gives them."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec


def json_or_text(text: str, what: str) -> Any:
    """Return what a text says where it is JSON, else itself; ``what`` is what messages call it."""
    try:
        return msgspec.json.decode(text)
    except msgspec.ValidationError:
        raise click.BadParameter("is a number that is too large; quote it to send text", param_hint=what) from None
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
    except RecursionError:
        raise click.BadParameter("is nested too deeply", param_hint=what) from None


def json_only(text: str, what: str) -> Any:
    """Return what a JSON text says. Raises click.BadParameter."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise click.BadParameter(f"is not JSON: {error}", param_hint=what) from None
    except RecursionError:
        raise click.BadParameter("is nested too deeply", param_hint=what) from None


def keywords_of(given: Sequence[str]) -> dict[str, Any]:
    """Return the keyword arguments that several ``KEY=VALUE`` name. Raises click.BadParameter."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{each!r} is not KEY=VALUE", param_hint="--kwarg")
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice", param_hint="--kwarg")
        found[name] = json_or_text(value, f"--kwarg {name}")
    return found
