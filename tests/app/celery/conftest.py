from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery

from beatd.app.celery.entries import entries_of
from beatd.app.celery.project import Project, open_project
from beatd.core.entry import Draft

Read = Callable[..., Draft]


def new_app(**conf: Any) -> Celery:
    app = Celery("proj", set_as_current=False)
    app.conf.update(**conf)
    return app


def told(project: Project) -> tuple[dict[str, Draft], list[str]]:
    """Return the drafts by name, and what is not carried over."""
    drafts, notes = entries_of(project)
    return {draft.name: draft for draft in drafts}, [note.text for note in notes]


@pytest.fixture
def read() -> Callable[..., tuple[dict[str, Draft], list[str]]]:
    """Read a beat_schedule, with these settings of Celery's."""

    def call(beat_schedule: Any, **conf: Any) -> tuple[dict[str, Draft], list[str]]:
        return told(open_project(new_app(beat_schedule=beat_schedule, **conf), "proj.app"))

    return call


@pytest.fixture
def one(read: Callable[..., Any]) -> Callable[..., tuple[Draft, list[str]]]:
    """Read one entry: its keys beside ``task`` and an interval; ``conf`` for settings."""

    def call(conf: dict[str, Any] | None = None, **keys: Any) -> tuple[Draft, list[str]]:
        drafts, notes = read({"x": {"task": "proj.add", "schedule": 60, **keys}}, **(conf or {}))
        return drafts["x"], notes

    return call
