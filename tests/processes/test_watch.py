import select

import pytest

from beatd.processes.watch import FileWatch


@pytest.fixture(params=[True, False], ids=["events", "polling"])
def watched(request, tmp_path):
    made = []

    def watch(*paths):
        made.append(FileWatch([str(path) for path in paths], events=request.param))
        return made[-1]

    yield watch
    for each in made:
        each.close()


def hinted(watch, seconds=5):
    return bool(select.select([watch], [], [], seconds)[0])


def test_an_edit_in_place_is_noticed_once(watched, tmp_path):
    file = tmp_path / "prod.toml"
    file.write_text("a")
    watch = watched(file)
    assert not watch.changed()
    file.write_text("ab")
    assert hinted(watch)
    assert watch.changed()
    assert not watch.changed()


def test_an_atomic_rename_is_noticed_twice_over(watched, tmp_path):
    file = tmp_path / "prod.toml"
    file.write_text("a")
    watch = watched(file)
    for text in ("b", "c"):
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(file)
        assert hinted(watch)
        assert watch.changed()


def test_a_symbolic_link_that_points_elsewhere_is_noticed(watched, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "prod.toml").write_text("a")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "prod.toml").symlink_to("data/prod.toml")
    watch = watched(tmp_path / "prod.toml")
    (tmp_path / "data.new").symlink_to("two")
    (tmp_path / "data.new").rename(tmp_path / "data")
    assert hinted(watch)
    assert watch.changed()


def test_a_file_that_comes_and_goes_is_noticed(watched, tmp_path):
    file = tmp_path / "prod.toml"
    watch = watched(file)
    file.write_text("a")
    assert hinted(watch)
    assert watch.changed()
    file.unlink()
    assert hinted(watch)
    assert watch.changed()


def test_in_a_folder_only_files_with_the_suffix_count(watched, tmp_path):
    folder = tmp_path / "schedules"
    folder.mkdir()
    (folder / "a.toml").write_text("a")
    watch = watched(folder)
    (folder / "beatd.db-wal").write_text("x")
    assert not watch.changed()
    (folder / "b.toml").write_text("b")
    assert hinted(watch)
    assert watch.changed()
