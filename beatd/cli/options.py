"""Options that many commands share, and the settings that come of them."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from beatd.config.bounds import MOST_CHILDREN
from beatd.errors import BeatdError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beatd.config.settings import Settings

    Ask = Callable[[Settings, Callable[[Mapping[str, Any]], Settings]], dict[str, Any]]

P = ParamSpec("P")
R = TypeVar("R")
AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

_GIVEN = "beatd.cli.given"


def examples(*lines: str) -> str:
    """Return what a command's help ends with: command lines, each on its own."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def given(context: click.Context) -> dict[str, Any]:
    """Return what the command line has said so far about settings."""
    found: dict[str, Any] = context.meta.setdefault(_GIVEN, {})
    return found


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep a setting for ``settings``: what stands after the command's name outweighs what stands before it."""
    if value is not None and value != () and parameter.name is not None:
        given(context)[parameter.name] = value


def _setting(*names: str, **attributes: Any) -> Callable[[AnyFunction], AnyFunction]:
    return click.option(*names, expose_value=False, callback=_keep, **attributes)


config_option = _setting("--config", metavar="FILE", help="TOML file whose [beatd] table holds the settings.")
broker_option = _setting("-b", "--broker", metavar="URL", help="The broker, such as sqlite:///beatd.db.")
app_option = _setting(
    "-A", "--app", metavar="MODULE[:ATTR]", multiple=True, help="Application module to import; may be repeated."
)
schedule_option = _setting(
    "-s",
    "--schedule",
    metavar="SRC",
    multiple=True,
    help="TOML file, folder, URL of a database, or celery:MODULE; may be repeated.",
)
log_options = (
    _setting("-l", "--log-level", metavar="LEVEL", help="debug, info, warning, error or critical."),
    _setting("--log-format", metavar="FORMAT", help="auto, text, logfmt or json."),
)
worker_options = (
    _setting(
        "-c",
        "--concurrency",
        "--workers",
        "workers",
        type=click.IntRange(1, MOST_CHILDREN),
        metavar="N",
        help="Children, or threads, that run tasks; one per CPU if not given (run: four at most).",
    ),
    _setting(
        "-Q",
        "--queues",
        metavar="NAME,...",
        help="Queues to take from: a,b as one; a:5,b:1 by weight; a:first,b in order.",
    ),
    _setting("-P", "--pool", metavar="POOL", help="prefork, threads or solo."),
    _setting(
        "--max-tasks-per-child",
        type=click.IntRange(1),
        metavar="N",
        help="Replace a child after so many tasks; never, if not given.",
    ),
    _setting(
        "--max-memory-per-child",
        metavar="SIZE",
        help="Replace a child that has grown larger, such as 200MB or 1.5GiB; a bare number is bytes.",
    ),
    _setting(
        "--autoscale",
        metavar="MIN,MAX",
        help="As many children as there is work for, between these bounds; outweighs -c.",
    ),
)
WORKER_SETTINGS = frozenset({"workers", "queues", "pool", "max_tasks_per_child", "max_memory_per_child", "autoscale"})
"""What ``worker_options`` set."""

namespace_option = _setting("--namespace", metavar="NAME", help="What separates several beatds in one store.")
app_dir_option = _setting("--app-dir", metavar="DIR", help="Folder put first on the import path.", type=click.Path())
_state_option = _setting(
    "--state", metavar="URL", help="The store of the scheduler's state; the broker's own if not given."
)
_STORES = (
    schedule_option,
    broker_option,
    _setting("--results", metavar="URL", help="The store of results; the broker's own if not given."),
    _state_option,
    app_option,
    config_option,
    app_dir_option,
    namespace_option,
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON: one object, or one per line for a list.")


def read_settings(*, strict: bool = False, whole: bool = False, ask: "Ask | None" = None) -> "Settings":
    """Return the settings of the command being run.

    What ``App(...)`` in the application modules says lies beneath. Where they cannot be imported, ``strict`` raises
    AppImportError; otherwise that is said, and the rest holds. ``whole``: also what only matters to a worker.
    ``ask``: imports the modules, and returns what they say.
    """
    from beatd.config.load import load_settings

    options = dict(given(click.get_current_context()))
    config = options.pop("config", None)
    known = partial(load_settings, options, config_path=config, environ=os.environ)
    settings = known(app_settings=None)
    if not settings.app or (not strict and not whole and _store_is_given(settings)):
        return settings

    def with_own(own: "Mapping[str, Any]") -> "Settings":
        return known(app_settings=own)

    try:
        own = _read_own(settings, strict=strict) if ask is None else ask(settings, with_own)
    except BeatdError as error:
        if strict:
            raise
        click.echo(f"warning: what App(...) says about settings is not known: {error}", err=True)
        return settings
    return with_own(own)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: imports make none, and to look for it would take a sixth of their time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Else all of it would be looked through at once from here on.
        gc.freeze()
        if collects:
            gc.enable()


def _read_own(settings: "Settings", *, strict: bool) -> dict[str, Any]:
    from beatd.app.code import app_settings_of

    def load_engines() -> None:
        from beatd.wiring.engines import load_broker, load_supervisor

        load_supervisor(settings)
        load_broker(settings)

    return app_settings_of(settings, meanwhile=load_engines if strict else None)


def also(options: Iterable[Callable[[Any], Any]]) -> Callable[[AnyFunction], AnyFunction]:
    """Give a command these options too."""

    def decorate(function: AnyFunction) -> AnyFunction:
        for option in reversed(tuple(options)):
            function = option(function)
        return function

    return decorate


def setting_options(function: AnyFunction) -> AnyFunction:
    """Give a command the options that become settings, for ``read_settings``."""
    return also(_STORES)(function)


def with_settings(function: Callable[Concatenate["Settings", P], R]) -> Callable[P, R]:
    """Call a command with its settings first. Raises SettingsError for a broker that no other process could see."""
    return _with(function, strict=False)


def with_settings_but_state(function: Callable[Concatenate["Settings", P], R]) -> Callable[P, R]:
    """Do as ``with_settings`` does for a command whose ``--state`` means something else."""
    return _with(function, strict=False, options=[option for option in _STORES if option is not _state_option])


def with_settings_of_edits(function: Callable[Concatenate["Settings", P], R]) -> Callable[P, R]:
    """Do as ``with_settings`` does for a command that edits entries: ``--schedule`` is an entry's own there."""
    options = [broker_option, app_option, config_option, app_dir_option, namespace_option]
    return _with(function, strict=False, options=options)


def with_code(function: Callable[Concatenate["Settings", P], R]) -> Callable[P, R]:
    """Do as ``with_settings`` does for a command that needs the application modules. Raises AppImportError too."""
    return _with(function, strict=True)


def _with(
    function: Callable[Concatenate["Settings", P], R],
    *,
    strict: bool,
    options: Iterable[Callable[[Any], Any]] = _STORES,
) -> Callable[P, R]:
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(usable_settings(strict=strict), *args, **kwargs)

    return also(options)(update_wrapper(command, function))


def usable_settings(*, strict: bool, ask: "Ask | None" = None) -> "Settings":
    """Do as ``read_settings`` does. Raises SettingsError for a broker that no other process could see, too."""
    with uncollected():
        settings = read_settings(strict=strict, ask=ask)
    if settings.broker.startswith("memory:"):
        reason = "memory:// is seen by its own process only"
        raise SettingsError(settings.origins["broker"], reason, "it is for tests; name a file: sqlite:///beatd.db")
    return settings


def _store_is_given(settings: "Settings") -> bool:
    # Then nothing that an App says matters to a command that only reads, and the import is spared.
    return all(settings.origins[key] != "default" for key in ("broker", "namespace"))
