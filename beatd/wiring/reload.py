"""``beatd worker --reload``: children are replaced when the application's source files change."""

import logging
import os
import select
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from beatd.processes.fork import fork
from beatd.processes.sources import MOST, SourceWatch

_SHOWN: Final = 5

logger = logging.getLogger("beatd.worker")


def reload_on_changes(roots: Sequence[str]) -> None:
    """Begin a process that tells this one, which is to be a supervisor, whenever files at ``roots`` have changed.

    A process and not a thread: who forks children must have no other.
    """
    fields = {"action": "reload", "watched": ", ".join(map(_shown, map(Path, roots)))}
    logger.warning("--reload is for development; in production send HUP", extra=fields)
    # Until the supervisor heeds it: its default is to end the process.
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    # Compiled files are told from their sources by whole seconds: two edits in one would run the first of them.
    sys.dont_write_bytecode = True
    parent = os.getpid()
    fork(lambda: _watch(roots, parent))


def _watch(roots: Sequence[str], parent: int) -> None:
    try:
        watch = SourceWatch(roots)
        if not watch.is_whole():
            fields = {"action": "reload", "count": MOST}
            logger.warning("there are more folders than can be watched; name an --app-dir further down", extra=fields)
        while True:
            select.select([watch], [], [])
            changes = watch.changes()
            if changes:
                logger.info("source files have changed", extra={"action": "reload", "files": _listed(changes)})
                os.kill(parent, signal.SIGUSR2)
    except OSError as error:
        told = "source files are not watched any more; start the worker again"
        fields = {"action": "reload", "error": str(error)}
        logger.error(told, extra=fields)  # noqa: TRY400  the system's own words say all that a stack could


def _listed(paths: Sequence[Path]) -> str:
    more = [f"and {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else []
    return ", ".join([*map(_shown, paths[:_SHOWN]), *more])


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
