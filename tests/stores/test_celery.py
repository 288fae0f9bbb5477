import logging
import os

import pytest

from beatd.core.entry import Draft
from beatd.errors import AppImportError, BrokerUnavailableError, DefinitionError
from beatd.stores.celery import CelerySource, Note, Reading, likely_files


class Project:
    """A project that says what it is told to, and counts how often it is asked."""

    def __init__(self, *files, notes=()):
        self.reading = Reading(drafts=[Draft(name="x", place="here")], notes=list(notes), tasks=[], files=list(files))
        self.error = None

    def read(self):
        if self.error is not None:
            raise self.error
        return self.reading


def touch(path, text):
    path.write_text(text)
    os.utime(path, ns=(len(text), len(text)))
    return str(path)


def test_it_has_changed_when_a_module_has(tmp_path):
    file = tmp_path / "app.py"
    project = Project(touch(file, "1"))
    source = CelerySource("celery:app", project.read)
    assert [draft.name for draft in source.load()] == ["x"]
    assert not source.changed()
    touch(file, "22")
    assert source.changed()
    source.load()
    assert not source.changed()
    file.unlink()
    assert source.changed()


def test_a_module_that_came_with_an_edit_is_looked_at_too(tmp_path):
    file, other = tmp_path / "app.py", tmp_path / "other.py"
    project = Project(touch(file, "1"))
    source = CelerySource("celery:app", project.read)
    source.load()
    touch(other, "1")
    assert not source.changed()
    project.reading.files.append(str(other))
    source.load()
    touch(other, "22")
    assert source.changed()


def test_what_changes_while_it_is_read_is_read_again(tmp_path):
    file = tmp_path / "app.py"
    project = Project(touch(file, "1"))
    source = CelerySource("celery:app", project.read)
    source.load()

    def slow():
        touch(file, "333")
        return project.reading

    source._read = slow
    source.load()
    assert source.changed()


def test_a_project_that_never_could_be_read_is_looked_for_where_it_may_stand(tmp_path):
    project = Project()
    project.error = AppImportError("no module named 'app'")
    source = CelerySource("celery:app", project.read, files=likely_files("app", str(tmp_path)))
    with pytest.raises(DefinitionError, match=r"celery:app: no module named 'app'"):
        source.load()
    assert not source.changed()
    touch(tmp_path / "app.py", "1")
    assert source.changed()


def test_the_likely_files_are_those_of_the_module_and_its_package(tmp_path):
    files = likely_files("proj.app:main", str(tmp_path))
    names = [os.path.relpath(file, tmp_path) for file in files]
    assert names == ["proj/app.py", "proj/app/__init__.py", "proj/app/celery.py", "proj/__init__.py", "proj/celery.py"]


def test_a_broker_that_is_away_is_no_mistake_of_the_project():
    project = Project()
    project.error = BrokerUnavailableError("sqlite:///x", "locked")
    with pytest.raises(BrokerUnavailableError):
        CelerySource("celery:app", project.read).load()


def test_what_is_not_carried_over_is_said_once_and_again_when_it_comes_back(caplog):
    caplog.set_level(logging.WARNING, "beatd.scheduler")
    notes = [Note(text="whole"), Note(text="part", entry="x")]
    project = Project(notes=notes)
    source = CelerySource("celery:app", project.read)
    source.load()
    source.load()
    assert [record.getMessage() for record in caplog.records] == ["celery:app: whole", "celery:app: entry 'x': part"]
    assert caplog.records[1].entry == "x"
    caplog.clear()
    project.reading.notes.pop()
    source.load()
    project.reading.notes.append(notes[1])
    source.load()
    assert [record.getMessage() for record in caplog.records] == ["celery:app: entry 'x': part"]
