import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path for folder in ("beatd", "tests", "examples", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)
OURS = [path for path in MODULES if path.is_relative_to(ROOT / "beatd")]

# One word per thing: what is meant has another name here. A letter before or after is another word.
BANNED = re.compile(
    r"(?<![a-z])(jobs?|cronjobs?|managers?|helpers?|utils?|masters?|slaves?|overdue)(?![a-z])", re.IGNORECASE
)
ALLOWED = re.compile(r"importlib\.util|celery\.app\.utils|service manager")  # names that others gave


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_fits_a_reader(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", OURS, ids=name)
def test_a_module_uses_the_words_of_the_house(path: Path) -> None:
    found = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if BANNED.search(ALLOWED.sub("", line)) or BANNED.search(path.stem)
    ]
    assert found == []


@pytest.mark.parametrize("path", OURS, ids=name)
def test_nothing_is_left_to_be_built_later(path: Path) -> None:
    assert "raise NotImplementedError" not in path.read_text()


@pytest.mark.parametrize("path", [path for path in OURS if path.stat().st_size], ids=name)
def test_a_module_says_what_it_is(path: Path) -> None:
    assert path.read_text().startswith('"""')


def test_modules_of_one_package_are_few_enough_to_be_read() -> None:
    sizes = {folder: len(list(folder.glob("*.py"))) for folder in {path.parent for path in OURS}}
    assert {name(folder): size for folder, size in sizes.items() if size > 30} == {}
