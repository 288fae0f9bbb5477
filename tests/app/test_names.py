from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from beatd.app.names import module_name, name_of_file

TASKS = "import beatd\n\n@beatd.task\ndef add(x: int) -> int:\n    return x\n\nprint(add.name)\n"

Python = Callable[..., CompletedProcess[str]]
Write = Callable[[str, str], Path]


def test_a_module_keeps_its_name() -> None:
    assert module_name("shop.tasks") == "shop.tasks"


@pytest.mark.parametrize(
    ("file", "packages", "name"),
    [
        ("tasks.py", [], "tasks"),
        ("shop/tasks.py", ["shop"], "shop.tasks"),
        ("shop/tasks.py", [], "shop.tasks"),
        ("src/shop/jobs/mail.py", ["src/shop", "src/shop/jobs"], "shop.jobs.mail"),
        ("my-folder/tasks.py", [], "tasks"),
    ],
)
def test_a_script_is_named_as_it_is_imported(tmp_path: Path, file: str, packages: list[str], name: str) -> None:
    for package in packages:
        (tmp_path / package).mkdir(parents=True, exist_ok=True)
        (tmp_path / package / "__init__.py").touch()
    assert name_of_file(tmp_path / file, tmp_path) == name


def test_a_script_elsewhere_has_its_own_name(tmp_path: Path) -> None:
    assert name_of_file(tmp_path / "far" / "tasks.py", tmp_path / "near") == "tasks"


def test_a_file_run_as_a_script_names_its_tasks_as_a_worker_does(write: Write, python: Python) -> None:
    write("tasks.py", TASKS)
    assert python("tasks.py").stdout == "tasks.add\n"


def test_a_script_in_a_package_names_its_tasks_with_the_package(write: Write, python: Python, tmp_path: Path) -> None:
    write("pkg/__init__.py", "")
    write("pkg/tasks.py", TASKS)
    assert python("pkg/tasks.py").stdout == "pkg.tasks.add\n"
    assert python("tasks.py", cwd=tmp_path / "pkg").stdout == "pkg.tasks.add\n"
    assert python("-m", "pkg.tasks", PYTHONPATH=f"{Path(__file__).parents[2]}:{tmp_path}").stdout == "pkg.tasks.add\n"


def test_a_script_in_a_folder_below_the_working_directory_names_the_folder(write: Write, python: Python) -> None:
    write("pkg/tasks.py", TASKS)
    assert python("pkg/tasks.py").stdout == "pkg.tasks.add\n"


def test_code_on_the_command_line_has_no_file_to_be_named_after(python: Python) -> None:
    code = "import beatd\n@beatd.task\ndef add(): ...\nprint(add.name)"
    done = python("-c", code)
    assert done.stdout == "__main__.add\n", done.stderr
