"""Reading a Celery project in a process apart, so that this one imports neither it nor celery."""

from typing import Any

import msgspec

from beatd.app.celery.entries import entries_of
from beatd.app.celery.finding import find_app, module_files
from beatd.app.celery.project import open_project
from beatd.app.imports import divert_output
from beatd.config.settings import Settings
from beatd.core.entry import Entry
from beatd.processes.apart import run_apart
from beatd.stores.celery import Reading

TIMEOUT = 60.0


def read_celery(settings: Settings, target: str) -> Reading:
    """Return what the project at ``target``, as ``celery -A`` takes it, declares now.

    Raises AppImportError where it cannot be imported, has no app, or cannot be configured.
    """

    def read() -> Any:
        divert_output()
        app = find_app(target, settings.app_dir)
        project = open_project(app, target)
        drafts, notes = entries_of(project)
        files = module_files(settings.app_dir)
        reading = Reading(drafts=drafts, notes=notes, tasks=sorted(project.tasks), files=files)
        return msgspec.to_builtins(reading, enc_hook=Entry.fields)

    found = run_apart(read, timeout=TIMEOUT, what=f"importing the Celery project {target}")
    return msgspec.convert(found, Reading, dec_hook=lambda _, fields: Entry(**fields))
