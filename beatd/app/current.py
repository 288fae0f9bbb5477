"""The app that tasks and results without an app of their own belong to."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beatd.app.app import App

_apps: "list[App]" = []


def make_current(app: "App") -> None:
    """Make this the app of ``@task`` functions and of ``AsyncResult(id)``: the one made last, as with Celery."""
    _apps[:] = [app]


def current_app() -> "App":
    """Return the app made last, or one that reads the settings as every command does."""
    if not _apps:
        from beatd.app.app import App

        return App()
    return _apps[0]
