import sys
from types import ModuleType

import pytest

from beatd.core.entry import Entry, Version
from beatd.core.line import compiled
from beatd.schedules.bounds import NEVER


def version(entry: Entry) -> Version:
    return Version(name="e", number=1, changed_at=0, fingerprint=7, entry=entry)


def test_a_version_that_compiles_fires() -> None:
    found = compiled(version(Entry(name="e", task="t", schedule="every 1m")))
    assert (found.unreadable, found.schedule.next_us(0)) == (None, 60_000_000)


def test_a_rule_that_cannot_be_read_says_why() -> None:
    found = compiled(version(Entry(name="e", task="t", schedule="every monday")))
    assert found.schedule is NEVER
    assert found.unreadable is not None
    assert found.unreadable.startswith("bad schedule 'every monday'")


def test_what_goes_wrong_unforeseen_leaves_the_entry_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = ModuleType("holidays.registry")
    registry.COUNTRIES = ["NZ"]  # type: ignore[attr-defined]  # as in some other version of that package
    monkeypatch.setitem(sys.modules, "holidays", ModuleType("holidays"))
    monkeypatch.setitem(sys.modules, "holidays.registry", registry)
    closed = {"days": {"country": "NZ", "closed": ["sat"]}}
    found = compiled(version(Entry(name="e", task="t", schedule="@daily", exclude="calendar days", calendars=closed)))
    assert found.schedule is NEVER
    assert found.unreadable is not None
    assert found.unreadable.startswith("AttributeError: 'list' object has no attribute")
