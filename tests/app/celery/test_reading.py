"""A project on disk, read in a process apart by the real Celery."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from beatd.app.celery.reading import read_celery
from beatd.config.settings import Settings
from beatd.errors import AppImportError, BeatdError
from beatd.stores.celery import Reading

Write = Callable[[str, str], Path]
APP = """
from celery import Celery
app = Celery("proj", broker="amqp://nowhere", include=["proj.tasks"])
app.config_from_object("proj.celeryconfig")
"""
CONFIG = """
from celery.schedules import crontab
timezone = "Europe/Berlin"
beat_schedule = {
    "report": {"task": "proj.tasks.report", "schedule": crontab(0, 8), "args": ["daily"]},
    "bad": {"task": "proj.tasks.report", "schedule": object()},
    "odd": {"task": "proj.tasks.report", "schedule": 60, "options": {"task_id": "1"}},
}
"""
TASKS = """
from proj.app import app

@app.task
def report(kind): ...

print("this goes to standard error")
"""


@pytest.fixture
def project(write: Write) -> None:
    write("proj/__init__.py", "")
    write("proj/app.py", APP)
    write("proj/celeryconfig.py", CONFIG)
    write("proj/tasks.py", TASKS)


def read(target: str, folder: Path) -> Reading:
    return read_celery(Settings(app_dir=str(folder)), target)


@pytest.mark.usefixtures("project")
def test_a_project_is_read_without_being_imported_here(tmp_path: Path) -> None:
    reading = read("proj.app", tmp_path)
    report, bad, odd = reading.drafts
    assert report.entry is not None
    assert (report.entry.schedule, report.entry.timezone, report.entry.args) == (
        "0 8 * * *",
        "Europe/Berlin",
        ["daily"],
    )
    assert "is a builtins.object" in str(bad.error)
    assert odd.entry is not None
    assert [(note.entry, note.text[:30]) for note in reading.notes] == [("odd", "options.task_id is left out: e")]
    assert "proj.tasks.report" in reading.tasks
    names = [Path(file).relative_to(tmp_path.resolve()).as_posix() for file in reading.files]
    assert names == ["proj/__init__.py", "proj/app.py", "proj/celeryconfig.py", "proj/tasks.py"]
    assert not [name for name in sys.modules if name.partition(".")[0] == "proj"]
    assert not list(tmp_path.rglob("*.pyc"))


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ({"one.py": "{app} = {new}"}, "one"),
        ({"one.py": "celery = {new}"}, "one"),
        ({"one.py": "anything = {new}"}, "one"),
        ({"one.py": "first = 1\nsecond = {new}"}, "one:second"),
        ({"one.py": "second = {new}"}, "one.second"),
        ({"pack/__init__.py": "", "pack/celery.py": "app = {new}"}, "pack"),
        ({"pack/__init__.py": "from .celery import app as celery_app", "pack/celery.py": "app = {new}"}, "pack"),
        ({"pack/__init__.py": "", "pack/inner.py": "app = {new}"}, "pack.inner"),
        ({"pack/__init__.py": "", "pack/inner.py": "app = {new}"}, "pack.inner:app"),
    ],
)
def test_an_app_is_found_where_celery_finds_it(
    write: Write, tmp_path: Path, files: dict[str, str], target: str
) -> None:
    new = "Celery('found', set_as_current=False)"
    for name, text in files.items():
        write(name, "from celery import Celery\n" + text.replace("{new}", new).replace("{app}", "app"))
    assert [note.text for note in read(target, tmp_path).notes] == ["beat_schedule is empty"]


def test_a_module_of_the_projects_own_may_be_named_celery(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "celery"]:
        monkeypatch.delitem(sys.modules, name)
    write("celery.py", "raise AssertionError('this is not Celery')")
    write("shop.py", "from celery import Celery\napp = Celery('shop', set_as_current=False)")
    assert [note.text for note in read("shop", tmp_path).notes] == ["beat_schedule is empty"]


@pytest.mark.parametrize(
    ("text", "target", "reason"),
    [
        ("", "nosuch", r"no module named 'nosuch'; looked in \S+ \(which has shop\)"),
        ("", "nosuch.app", "no module named 'nosuch'"),
        ("", "shop.app", "there is no Celery app at 'shop.app' .*; name a module with an app in 'app' or 'celery'"),
        ("", "shop:app", "there is no Celery app at 'shop:app'"),
        ("", "shop", "there is no Celery app at 'shop'"),
        ("import os", "shop:os", "'shop:os' is a module and has no Celery app"),
        ("app = 5", "shop", "'shop' is no Celery app but builtins.int; name it: celery:shop:ATTRIBUTE"),
        ("from beatd import App\napp = App()", "shop", r"'shop' is no Celery app but beatd\.app\.app\.App"),
        ("import nosuchlib", "shop", "(?s)importing 'shop' failed: ModuleNotFoundError: No module named 'nosuchlib'"),
        ("x = 1 / 0", "shop", "(?s)importing 'shop' failed: ZeroDivisionError.*shop.py:1 in <module>"),
        ("raise AttributeError('own')", "shop", "(?s)importing 'shop' failed: AttributeError: own"),
        ("def", "shop", "(?s)importing 'shop' failed: SyntaxError.*shop.py:1"),
        ("raise SystemExit(3)", "shop", "importing 'shop' failed: SystemExit: 3"),
        (
            "from celery import Celery\napp = Celery()\napp.config_from_object('nosuchconfig')",
            "shop",
            "(?s)importing 'shop' failed: ImportError|importing 'shop' failed: ModuleNotFoundError",
        ),
        (
            "from celery import Celery\napp = Celery(include=['nosuchtasks'])",
            "shop",
            "importing 'shop' failed: ModuleNotFoundError: No module named 'nosuchtasks'",
        ),
    ],
)
def test_what_cannot_be_read_says_why(write: Write, tmp_path: Path, text: str, target: str, reason: str) -> None:
    write("shop.py", text)
    with pytest.raises(AppImportError, match=reason):
        read(target, tmp_path)


def test_a_project_that_ends_its_process_is_told(write: Write, tmp_path: Path) -> None:
    write("shop.py", "import os\nos._exit(4)")
    with pytest.raises(BeatdError, match="importing the Celery project shop ended its process with exit code 4"):
        read("shop", tmp_path)


def test_without_celery_it_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "celery", None)
    with pytest.raises(
        AppImportError, match=r"celery is not installed beside beatd, in .*; install beatd into the proj"
    ):
        read("proj.app", tmp_path)
