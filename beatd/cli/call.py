"""``beatd call``."""

import sys
from contextlib import closing
from typing import Any
from uuid import uuid4

import click

from beatd.cli.edit.values import json_or_text, keywords_of
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.outcome import show, wait_for
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.core.message import Message
from beatd.core.states import State


@click.command(
    "call", epilog=examples("beatd call shop.add 2 3 --wait", "beatd call shop.mail -k to=ana@example.com -q mails")
)
@click.argument("task")
@click.argument("args", nargs=-1, metavar="[ARG]...")
@with_settings
@click.option("-k", "--kwarg", "keywords", multiple=True, metavar="KEY=VALUE", help="A keyword argument; repeatable.")
@click.option("-q", "--queue", metavar="NAME", help="The queue to send it to.")
@click.option("--wait", is_flag=True, help="Wait for the outcome; exit 1 where it is no success.")
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(0), help="Seconds to wait at most.")
@json_option
def command(  # noqa: PLR0913  one parameter per option
    settings: Settings,
    *,
    task: str,
    args: tuple[str, ...],
    keywords: tuple[str, ...],
    queue: str | None,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Send a task to the queue by its name.

    An argument that is JSON is sent as what it says (2, true, [1, 2], "text"), anything else as text. What begins
    with a dash goes behind `--`.
    """
    from beatd.wiring import open_broker

    chosen = settings.queue if queue is None else _name("--queue", queue, 200)
    values = [json_or_text(arg, f"argument {number}") for number, arg in enumerate(args, 1)]
    message = _message(_name("TASK", task, 255), values, keywords_of(keywords), chosen)
    with closing(open_broker(settings)) as broker:
        broker.sender.send(message)
        if not wait:
            _say_sent(message, as_json=as_json)
            return
        stored = wait_for(broker.outcomes, message.id, timeout)
    show(stored, settings.timezone, as_json=as_json)
    sys.exit(0 if stored.state is State.SUCCESS else 1)


def _message(task: str, args: list[Any], kwargs: dict[str, Any], queue: str) -> Message:
    from beatd.core.protocol import build_message

    return build_message(id=str(uuid4()), task=task, args=args, kwargs=kwargs, queue=queue, origin="beatd call")


def _name(what: str, value: str, most: int) -> str:
    from beatd.core.field_values import FieldError, printable

    try:
        return printable(most)(what, value)
    except FieldError as error:
        raise click.BadParameter(error.reason, param_hint=what) from None


def _say_sent(message: Message, *, as_json: bool) -> None:
    if as_json:
        json_line({"message_id": message.id, "task": message.task, "queue": message.queue})
    else:
        click.echo(f"sent {message.id}; `beatd result {message.id}` tells what became of it")
