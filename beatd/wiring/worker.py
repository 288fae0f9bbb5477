"""``beatd worker``: start-up from top to bottom, without anything that only a scheduler needs."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beatd.config.settings import Settings
from beatd.core.entry import Draft
from beatd.middleware.base import Middleware
from beatd.processes.logs import set_up_logging
from beatd.processes.notify import Notifier
from beatd.wiring.drivers import open_state
from beatd.wiring.work import Labour, worker_spec
from beatd.worker import service

if TYPE_CHECKING:
    from beatd.worker.template.early import EarlyTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The user's code: ``load`` imports it here and returns its middleware.

    ``read`` returns what it declares without importing it here.
    """

    load: Callable[[], Sequence[Middleware]]
    read: Callable[[], list[Draft]]


def run_worker(
    settings: Settings,
    code: Code | None,
    *,
    labour: Labour,
    watched: Sequence[str] = (),
    early: "EarlyTemplate | None" = None,
) -> int:
    """Run a worker as the main process; return the exit code. Raises AppImportError, StoreError.

    ``watched``: files and folders at whose change the children are replaced. ``early``: a template with this code.
    """
    set_up_logging(settings.log_level, settings.log_format)
    with closing(open_state(settings)) as state:
        state.definitions.install()
    spec = worker_spec(settings, labour, loader(code))
    if watched:
        from beatd.wiring.reload import reload_on_changes

        reload_on_changes(watched)
    return service.run_worker(spec, notifier=Notifier.from_environment(), early=early)


def loader(code: Code | None) -> Callable[[], Sequence[Middleware]]:
    """Return what imports the user's code, if there is any."""
    return code.load if code is not None else lambda: ()
