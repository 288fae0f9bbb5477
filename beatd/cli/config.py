"""``beatd config``."""

from dataclasses import fields
from typing import Any

import click

from beatd.cli.options import also, examples, json_option, log_options, read_settings, setting_options, worker_options
from beatd.cli.output import json_line, table
from beatd.config.secrets import secret_origin
from beatd.config.settings import Settings
from beatd.core.urls import masked
from beatd.schedules.durations import format_duration

_DURATIONS = ("drain_timeout", "late_after", "max_clock_skew", "history_keep", "result_expires")
_URLS = ("broker", "results", "state")


@click.command(
    "config", epilog=examples("beatd config", "BEATD_BROKER=sqlite:////var/lib/beatd/beatd.db beatd config --json")
)
@setting_options
@also((*log_options, *worker_options))
@json_option
def command(*, as_json: bool) -> None:
    """Show each setting, its value and where it came from.

    Weight, heaviest first: command line, BEATD_* variables, [beatd] in TOML (--config, else the --schedule files,
    else ./beatd.toml), App(...), default. Secrets are not shown.
    """
    settings = read_settings(whole=True)
    rows = [(key.name, _value(settings, key.name), settings.origins[key.name]) for key in fields(Settings)[:-1]]
    if as_json:
        for key, value, origin in rows:
            json_line({"key": key, "value": value, "origin": origin})
        return
    table(("SETTING", "VALUE", "FROM"), ((key, _written(value), origin) for key, value, origin in rows))


def _value(settings: Settings, key: str) -> Any:
    value = getattr(settings, key)
    if value is None:
        return None
    if key in _URLS:
        return masked(value)
    if secret_origin(settings.origins[key]):
        return "***"
    if key == "schedule":
        return tuple(map(masked, value))
    if key == "autoscale":
        return ",".join(map(str, value))
    return format_duration(value) if key in _DURATIONS else value


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    return "-" if value is None else str(value)
