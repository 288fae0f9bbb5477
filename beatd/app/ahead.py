"""The user's code, imported once for a worker: its settings are read in the process that children are forked from."""

from types import TracebackType
from typing import Any, Self

from beatd.app.binding import ReadSettings, read_settings_by
from beatd.app.code import TIMEOUT, code_of, importing, own_settings
from beatd.config.bounds import MOST_CHILDREN
from beatd.config.settings import Settings
from beatd.core.registry import REGISTRY
from beatd.processes.logs import set_up_logging
from beatd.processes.notify import Notifier
from beatd.wiring.drivers import CLOCK
from beatd.wiring.engines import load_broker, load_supervisor
from beatd.wiring.work import Labour, cpus, worker_spec
from beatd.wiring.worker import loader
from beatd.worker.builtin import register_builtins
from beatd.worker.spec import WorkerSpec
from beatd.worker.template.early import EarlyTemplate


class Ahead:
    """``template``: the process in which the code was imported, once it has been asked; ended at the end."""

    def __init__(self) -> None:
        self.template: EarlyTemplate | None = None

    def ask(self, settings: Settings, known: ReadSettings) -> dict[str, Any]:
        """Return what the code's ``App(...)`` says about settings, as they are so far. Raises AppImportError.

        ``known`` returns the settings where that is known.
        """
        # Before the fork, so that this process, template and children share it.
        load_supervisor(settings)
        load_broker(settings)
        self.template = EarlyTemplate(
            lambda: _read(settings, known),
            lambda: _spec(settings, known),
            slots=2 * max(MOST_CHILDREN, int(cpus())) + 1,
            what=importing(settings),
        )
        said: dict[str, Any] = self.template.answer(TIMEOUT)
        return said

    def end(self) -> None:
        """End the template, unless it is a worker's by now."""
        if self.template is not None:
            self.template.end()
            self.template = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def _read(settings: Settings, known: ReadSettings) -> dict[str, Any]:
    # The service manager's address is nothing for the code, nor for children.
    Notifier.from_environment()
    set_up_logging(settings.log_level, settings.log_format)
    read_settings_by(known)
    # First, so that a task of the code's cannot take their names; what they allow may not be known in full yet.
    register_builtins(REGISTRY, settings.allow_shell, settings.allow_http, CLOCK)
    return own_settings(settings)


def _spec(settings: Settings, known: ReadSettings) -> WorkerSpec:
    final = known(own_settings(settings))
    if (final.log_level, final.log_format) != (settings.log_level, settings.log_format):
        set_up_logging(final.log_level, final.log_format)
    return worker_spec(final, Labour(), loader(code_of(final)))
