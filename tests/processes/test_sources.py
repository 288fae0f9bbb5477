import select

import pytest

from beatd.processes import sources
from beatd.processes.sources import SourceWatch


@pytest.fixture(params=[True, False], ids=["events", "polling"])
def watch(request, tmp_path):
    (tmp_path / "shop" / "mails").mkdir(parents=True)
    (tmp_path / "shop" / "tasks.py").write_text("1")
    made = SourceWatch([str(tmp_path)], events=request.param)
    yield made
    made.close()


def noticed(watch, seconds=5.0):
    return watch.changes() if select.select([watch], [], [], seconds)[0] else []


def test_a_file_deep_within_is_noticed_and_named(watch, tmp_path):
    (tmp_path / "shop" / "tasks.py").write_text("12")
    assert noticed(watch) == [tmp_path / "shop" / "tasks.py"]
    (tmp_path / "shop" / "mails" / "new.py").write_text("1")
    assert noticed(watch) == [tmp_path / "shop" / "mails" / "new.py"]
    (tmp_path / "shop" / "tasks.py").unlink()
    assert noticed(watch) == [tmp_path / "shop" / "tasks.py"]


def test_what_lies_in_a_folder_that_came_later_is_noticed(watch, tmp_path):
    (tmp_path / "shop" / "later").mkdir()
    (tmp_path / "shop" / "later" / "tasks.py").write_text("1")
    assert noticed(watch) == [tmp_path / "shop" / "later" / "tasks.py"]
    (tmp_path / "shop" / "later" / "tasks.py").write_text("12")
    assert noticed(watch) == [tmp_path / "shop" / "later" / "tasks.py"]


def test_other_files_and_code_of_others_are_not_looked_at(watch, tmp_path):
    for name in ("__pycache__", ".git", "node_modules", "lib/site-packages"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment" / "pyvenv.cfg").write_text("")
    for name in ("__pycache__", ".git", "node_modules", "lib/site-packages", "environment"):
        (tmp_path / name / "tasks.py").write_text("1")
    (tmp_path / "beatd.db").write_text("1")
    assert noticed(watch, 2.5) == []


def test_a_single_file_is_watched_alone(tmp_path):
    (tmp_path / "tasks.py").write_text("1")
    watch = SourceWatch([str(tmp_path / "tasks.py")])
    (tmp_path / "other.py").write_text("1")
    (tmp_path / "tasks.py").write_text("12")
    assert noticed(watch) == [tmp_path / "tasks.py"]
    watch.close()


def test_of_too_many_folders_some_are_left_out_and_that_is_known(tmp_path, monkeypatch):
    for number in range(5):
        (tmp_path / f"{number}").mkdir()
    whole = SourceWatch([str(tmp_path)])
    assert whole.is_whole()
    whole.close()
    monkeypatch.setattr(sources, "MOST", 4)
    cut = SourceWatch([str(tmp_path)])
    assert not cut.is_whole()
    cut.close()
