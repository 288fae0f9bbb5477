"""``beatd state``."""

import sys

import click

from beatd.cli.moments import past_moment
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, optional_iso, pairs, short
from beatd.config.settings import Settings
from beatd.wiring.installation import StateView, init_state, state_view


@click.group("state", epilog=examples("beatd state status", "beatd state init --from 2026-11-20T06:00Z"))
def command() -> None:
    """Show or repair the state of the namespace.

    The state is what schedulers know of fires: records, history, the set. It has an id, which is also kept in
    $STATE_DIRECTORY, in the databases that are sources of entries, and in the memory of those that run, so that a store
    that was lost or swapped is noticed: nothing is fired from another one.
    """


@command.command("status", epilog=examples("STATE_DIRECTORY=/var/lib/beatd beatd state status --json"))
@with_settings
@json_option
def status(settings: Settings, *, as_json: bool) -> None:
    """Show the state: its id, since when it owes fires, its revision, and what keeps it from firing.

    Exit 1 where something does.
    """
    view = state_view(settings)
    state = view.installation
    if as_json:
        json_line(_plain(view))
    else:
        told: dict[str, object] = {
            "namespace": view.namespace,
            "id": state.id,
            "since": short(state.since, settings.timezone),
            "revision": state.revision,
            "went back": short(state.rolled_back_at, settings.timezone) if state.rolled_back_at else "no",
        }
        for where, known in view.kept.items():
            told[f"known in {where}"] = known or "none yet: `beatd run` keeps it"
        if not view.kept:
            told["known"] = "nowhere else: $STATE_DIRECTORY is not set, and no database is among the sources"
        pairs(told)
        for problem in view.problems:
            click.echo(f"problem: {problem}")
    sys.exit(1 if view.problems else 0)


@command.command("init", epilog=examples("beatd state init --from now", "beatd state init --from 2026-11-20T06:00Z"))
@with_settings
@click.option(
    "--from", "since", required=True, callback=past_moment, metavar="TIME", help="It owes fires from here on."
)
@click.option("--known", multiple=True, metavar="ID", help="The id that another host's alarm names; may be repeated.")
@click.option("--yes", is_flag=True, help="Also where nothing is wrong with the state.")
@json_option
def init(settings: Settings, *, since: int, known: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Go on with this state in place of the one that is known: it was lost, or replaced on purpose.

    It gets a new id. Schedulers that run notice it, and go on by themselves. Entries that have a record in it go on
    from there; those that have none owe their fires from --from on: `now` fires nothing of the time before, an earlier
    moment makes what lies between late fires, each entry's `misfire` deciding. A TIME is a moment (UTC without a zone),
    a day, a duration ago, or now.
    """
    made = init_state(settings, since, known=known, forced=yes)
    if as_json:
        json_line({"namespace": settings.namespace, "id": made.id, "since": optional_iso(made.since)})
    else:
        click.echo(f"state {made.id} owes fires since {short(made.since, settings.timezone)}; `beatd run` fires it")


def _plain(view: StateView) -> dict[str, object]:
    state = view.installation
    return {
        "namespace": view.namespace,
        "id": state.id,
        "since": optional_iso(state.since),
        "revision": state.revision,
        "digest": state.digest,
        "rolled_back_at": optional_iso(state.rolled_back_at),
        "replaces": list(state.replaces),
        "known": dict(view.kept),
        "problems": list(view.problems),
    }
