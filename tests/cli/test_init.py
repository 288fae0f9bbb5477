import pytest


def test_both_files_are_written_and_the_next_command_is_said(run, tmp_path):
    ended = run("init")
    assert (ended.code, ended.out) == (0, "wrote beatd.toml\nwrote tasks.py\nnext: beatd run\n")
    assert run("check").out == "2 entries: 0 wrong, 0 odd\n"


def test_a_folder_is_made(run, tmp_path):
    assert run("init", "shop/beat").out.endswith("next: cd shop/beat && beatd run\n")
    assert (tmp_path / "shop/beat/tasks.py").exists()


@pytest.mark.parametrize("name", ["beatd.toml", "tasks.py"])
def test_nothing_is_overwritten(run, write, tmp_path, name):
    write(name, "mine")
    ended = run("init")
    assert (ended.code, ended.err) == (1, f"error: {name} already there; nothing was written, name another folder\n")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_told(run, write):
    write("file", "")
    ended = run("init", "file/below")
    assert (ended.code, ended.err) == (1, "error: file/below: cannot be written: Not a directory\n")
