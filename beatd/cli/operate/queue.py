"""``beatd queue``."""

import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from beatd.cli.operate.user import user
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, optional_iso, short, table
from beatd.config.settings import Settings
from beatd.core.field_values import FieldError, queue_name
from beatd.core.limits.shares import parse_queues
from beatd.core.record import Pause
from beatd.errors import StoreError

if TYPE_CHECKING:
    from beatd.wiring import Broker

STATES = ("ready", "delayed", "claimed", "dead")


@click.group("queue", epilog=examples("beatd queue sizes", 'beatd queue pause mails --note "the relay is down"'))
def command() -> None:
    """Show the sizes of queues, pause, resume and empty them."""


@command.command("sizes", epilog=examples("beatd queue sizes --json"))
@with_settings
@json_option
def sizes(settings: Settings, *, as_json: bool) -> None:
    """Show how many messages are ready, delayed, claimed and dead in each queue, and which are paused."""
    from beatd.wiring import open_broker

    with closing(open_broker(settings, create=False)) as broker:
        found, paused = broker.admin.sizes(), broker.pauses.paused()
    names = sorted({*found, *paused})
    if as_json:
        for name in names:
            json_line({"queue": name, **_counts(found.get(name, {})), "paused": pause_told(paused.get(name))})
        return
    columns = ("QUEUE", *(state.upper() for state in STATES), "PAUSED")
    rows = ((name, *_counts(found.get(name, {})).values(), pause_shown(paused.get(name), settings)) for name in names)
    table(columns, rows)


@command.command("pause", epilog=examples('beatd queue pause mails --note "the relay is down"'))
@click.argument("name")
@with_settings
@click.option("--note", metavar="TEXT", help="Why; shown by `beatd status`. The former note stays where none is given.")
@json_option
def pause(settings: Settings, *, name: str, note: str | None, as_json: bool) -> None:
    """Let no worker claim from a queue until it is resumed; what runs ends, and sending goes on."""
    from beatd.wiring import open_broker
    from beatd.wiring.drivers import CLOCK, celery_consumes

    queue = _checked(name)
    with closing(open_broker(settings)) as broker:
        known, former = _known(settings, broker), broker.pauses.paused().get(queue)
        made = Pause(user(), CLOCK.now(), (former.note if former else "") if note is None else note)
        broker.pauses.pause(queue, made)
    if queue not in known:
        told = f"no message is in queue {queue!r} and no worker takes from it; it is paused all the same"
        click.echo(f"note: {told}{_nearest(queue, known)}", err=True)
    if celery_consumes(settings):
        click.echo("note: Celery's own workers know nothing of it, and go on", err=True)
    if as_json:
        json_line({"queue": queue, "state": "paused", **_told(made), "known": queue in known})
    else:
        click.echo(f"paused queue {queue}; `beatd queue resume {queue}` ends it")


@command.command("resume", epilog=examples("beatd queue resume mails"))
@click.argument("name")
@with_settings
@json_option
def resume(settings: Settings, *, name: str, as_json: bool) -> None:
    """End the pause of a queue. Exit 1 where it is not paused."""
    from beatd.wiring import open_broker

    queue = _checked(name)
    with closing(open_broker(settings, create=False)) as broker:
        if not broker.pauses.resume(queue):
            paused = broker.pauses.paused()
            those = f"these are: {', '.join(paused)}" if paused else "none is"
            raise StoreError(f"queue {queue!r} is not paused, {those}{_nearest(queue, paused)}")
    if as_json:
        json_line({"queue": queue, "state": "resumed"})
    else:
        click.echo(f"resumed queue {queue}")


@command.command("purge", epilog=examples("beatd queue purge mails", "beatd queue purge mails --yes --json"))
@click.argument("name")
@with_settings
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def purge(settings: Settings, *, name: str, yes: bool, as_json: bool) -> None:
    """End all messages that wait in a queue, due or not, as revoked.

    Each is on record as revoked, with who purged it, and its entry learns of its end. What runs goes on, dead letters
    stay, and as many messages go as waited at the start.
    """
    from beatd.wiring import open_broker

    queue = _checked(name)
    with closing(open_broker(settings, create=False)) as broker:
        size, known = broker.admin.sizes().get(queue, {}), _known(settings, broker)
        waiting = size.get("ready", 0) + size.get("delayed", 0)
        if waiting and not yes:
            _ask(f"end {waiting} {_messages(waiting)} of queue {queue!r} as revoked?")
        purged = purge_most(broker, queue, waiting)
    if queue not in known:
        click.echo(f"note: nobody knows a queue {queue!r}{_nearest(queue, known)}", err=True)
    if as_json:
        json_line({"queue": queue, "purged": purged})
    else:
        click.echo(f"purged {purged} {_messages(purged)} of queue {queue}")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("say --yes where nobody can be asked")
    click.confirm(question, abort=True, err=True)


def purge_most(broker: "Broker", queue: str, most: int) -> int:
    """Purge ``most`` messages, those that were counted: it ends also where others send faster."""
    purged, reason = 0, f"purged by {user()}"
    while purged < most and (some := broker.limits.purge(queue, reason=reason, limit=min(500, most - purged))):
        purged += some
    return purged


def _messages(count: int) -> str:
    return "message" if count == 1 else "messages"


def pause_told(paused: Pause | None) -> dict[str, Any] | None:
    """Return a pause for scripts."""
    return None if paused is None else _told(paused)


def pause_shown(paused: Pause | None, settings: Settings) -> str:
    """Return a pause for people: by whom, since when, why."""
    if paused is None:
        return "-"
    return f"by {paused.by} at {short(paused.at, settings.timezone)}" + (f": {paused.note}" if paused.note else "")


def _told(paused: Pause) -> dict[str, Any]:
    return {"by": paused.by, "at": optional_iso(paused.at), "note": paused.note}


def _counts(size: Mapping[str, int]) -> dict[str, int]:
    return {state: size.get(state, 0) for state in STATES}


def _known(settings: Settings, broker: "Broker") -> set[str]:
    """Return the queues that hold messages, that workers take from, that settings name, or that are paused."""
    taken = {queue for worker in broker.admin.workers() for queue in worker.queues}
    return {settings.queue, *parse_queues(settings.queues)[0], *broker.admin.sizes(), *taken, *broker.pauses.paused()}


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _checked(name: str) -> str:
    try:
        return queue_name("NAME", name)
    except FieldError as error:
        raise click.BadParameter(error.reason, param_hint="NAME") from None
