"""docs/operations.md: the alarms that it explains are those that are raised."""

import re
from pathlib import Path

import beatd

PACKAGE = Path(beatd.__file__).parent
TEXT = (PACKAGE.parent / "docs" / "operations.md").read_text()


def raised(folder):
    """Return the actions of the lines that the code of a folder logs."""
    told = [part for path in folder.rglob("*.py") for part in re.findall(r'"action": ([^,}]*)', path.read_text())]
    return {word for part in told for word in re.findall(r'"(\w+)"', part)}


def explained():
    table = TEXT.partition("| `action` | means | do |\n|---|---|---|\n")[2].partition("\n\n")[0]
    return {re.match(r"\| `(\w+)`", line)[1] for line in table.splitlines()}


def test_each_alarm_that_is_explained_is_one_that_beatd_raises():
    assert len(explained()) >= 20
    assert explained() - raised(PACKAGE) == set()


def test_each_alarm_of_the_scheduler_is_explained():
    quiet = {"not_emitted", "fired", "fired_more", "held", "holding", "reload", "mended_edit"}
    quiet |= {"entry_changed", "entries_changed", "table_read", "table_reading", "reading_first"}
    assert raised(PACKAGE / "scheduler") - quiet - explained() == set()
