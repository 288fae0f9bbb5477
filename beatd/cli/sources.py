"""The entries of files and code, read for commands that fire nothing."""

from collections.abc import Callable

from beatd.config.settings import Settings
from beatd.core.entry import Draft
from beatd.errors import SettingsError
from beatd.stores.toml import TomlSource


def read_drafts(settings: Settings) -> list[Draft]:
    """Return what every source defines, the first of each name. Raises SettingsError where there is no source."""
    from beatd.app.code import code_of

    if not settings.schedule and not settings.app:
        raise SettingsError("schedule", "there is no ./beatd.toml", "give --schedule FILE, or write one: `beatd init`")
    drafts: dict[str, Draft] = {}
    code = code_of(settings)
    reads = [*(_file(path, settings) for path in settings.schedule), *([code.read] if code else [])]
    for draft in (draft for read in reads for draft in read()):
        drafts.setdefault(draft.name, draft)
    return list(drafts.values())


def known_tasks(settings: Settings) -> list[str]:
    """Return the names of all tasks that a worker with these settings knows. Raises AppImportError."""
    from beatd.app.discover import import_apps
    from beatd.core.registry import REGISTRY
    from beatd.processes.apart import run_apart

    def read() -> list[str]:
        import_apps(settings.app, settings.app_dir, settings)
        return [*REGISTRY.tasks]

    found: list[str] = run_apart(read, what=f"importing {', '.join(settings.app)}")
    return found


def _file(path: str, settings: Settings) -> Callable[[], list[Draft]]:
    return TomlSource(path, timezone=settings.timezone, queue=settings.queue).load
