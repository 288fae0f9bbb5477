"""What users may rely on: a change here is a change of the public interface, for the changelog."""

import re
from pathlib import Path

import pytest

import beatd
import beatd.testing
from beatd.app.app import App
from beatd.app.failure import Failure
from beatd.app.result import AsyncResult
from beatd.app.store.store import ScheduleStore
from beatd.app.task import Task

NAMES = {
    "App",
    "AsyncResult",
    "BeatdError",
    "Middleware",
    "NotSerializableError",
    "Retry",
    "ScheduleStore",
    "SoftTimeLimitExceeded",
    "TaskFailedError",
    "__version__",
    "at",
    "crontab",
    "every",
    "periodic",
    "register_serializer",
    "shared_task",
    "solar",
    "task",
}

MEMBERS = {
    App: "AsyncResult add_periodic_task close config_from_object own_settings send_task settings task",
    Task: "app apply_async delay name options s",
    AsyncResult: "date_done failed forget get ready result revoke state status successful task_id traceback",
    ScheduleStore: "add add_many calendars close export find get name put put_calendar remove transaction update",
    Failure: "args exc_module exc_type of traceback",
}


def test_the_public_names_are_these() -> None:
    assert set(beatd.__all__) == NAMES
    assert len(NAMES) <= 18
    assert set(beatd.testing.__all__) == {"Harness", "ManualClock", "Ran", "harness"}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(beatd, name) is not None
    assert name in dir(beatd)


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_the_public_members_are_these(kind: type) -> None:
    assert [name for name in dir(kind) if not name.startswith("_")] == MEMBERS[kind].split()


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'beatd' has no attribute 'Celery'"):
        _ = beatd.Celery


def test_the_version_is_a_literal_that_the_build_can_read() -> None:
    text = Path(beatd.__file__).read_text()
    found = re.findall(r'^__version__ = "(\d+\.\d+\.\d+)"$', text, re.MULTILINE)
    assert found == [beatd.__version__]
