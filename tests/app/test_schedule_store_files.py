"""`ScheduleStore` on TOML files: what is not edited stays byte for byte."""

import os
import threading
from pathlib import Path

import pytest

from beatd import ScheduleStore
from beatd.errors import BeatdError, DefinitionError, EntryConflictError, InvalidEntryError, StoreError
from beatd.stores.edits import toml_file
from beatd.stores.toml import TomlSource

TEXT = """\
# The shop's schedules. Ask Ann before you change them.
[beatd]
timezone = "Europe/Berlin"   # where the shop is

[defaults]
queue = "shop"

[calendars.shop]
country = "DE"

# --- backups
[schedules.nightly]  # the important one
task = "shop.backup"   # not shop.dump
schedule = "0 3 * * *"
# until the tape is full
max_runs = 10
description = '''
# no comment
two lines'''

# --- reports

[schedules."sales.report"]
task = "shop.report"
schedule = ["0 8 * * mon-fri",
    "0 10 * * sat"]  # shorter hours
[schedules."sales.report".kwargs]
region = "north"

[schedules.inline]
kwargs = { a = 1, b = [1, 2] }
task = "shop.add"
schedule = "every 1h"
# the end
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "prod.toml"
    found.write_text(TEXT)
    return found


@pytest.fixture
def store(path: Path) -> ScheduleStore:
    return ScheduleStore(path)


def lines_changed(path, before=TEXT):
    """Return (the lines that went, those that came)."""
    former, latter = before.splitlines(), path.read_text().splitlines()
    return [line for line in former if line not in latter], [line for line in latter if line not in former]


def test_a_value_is_changed_where_it_stands(store, path):
    store.update("nightly", task="shop.dump", max_runs=None)
    assert lines_changed(path) == (
        ['task = "shop.backup"   # not shop.dump', "max_runs = 10"],
        ['task = "shop.dump"   # not shop.dump'],
    )


def test_a_new_key_stands_behind_the_last_one_of_its_entry(store, path):
    store.update("nightly", queue="slow")
    assert "two lines'''\nqueue = \"slow\"\n\n# --- reports" in path.read_text()
    store.update("sales.report", queue="slow", kwargs={"region": "south", "é'\"": [1]})
    assert lines_changed(path)[0] == ['[schedules."sales.report".kwargs]', 'region = "north"']
    assert store.get("sales.report").kwargs == {"region": "south", "é'\"": [1]}
    assert store.get("sales.report").schedule == "0 8 * * mon-fri | 0 10 * * sat"


def test_an_entry_is_added_at_the_end_and_removed_without_a_trace(store, path):
    store.add('a."b"\\', "shop.add", "every 5m", kwargs={"x y": {"deep": 1.5}}, description="a\nb", tags=["ü"])
    assert path.read_text().startswith(TEXT)
    assert [draft.error for draft in TomlSource(path).load()] == [None] * 4
    store.remove('a."b"\\')
    assert path.read_text().rstrip() == TEXT.rstrip()


def test_a_removed_entry_takes_no_comment_of_its_neighbours_along(store, path):
    store.remove("nightly")
    text = path.read_text()
    assert "# --- backups\n\n# --- reports\n" in text or "# --- backups\n# --- reports\n" in text
    store.remove("sales.report")
    assert [row.name for row in store.find()] == ["inline"]
    assert "region" not in path.read_text()
    store.remove("inline")
    assert path.read_text().rstrip().endswith("# the end")


DOTTED = """
schedules.x.task = "t"
schedules.x.schedule = "every 1h"
schedules.y.task = "t"
schedules.y.schedule = "every 2h"
"""
SCATTERED = '''
[schedules.x]
task = "t"
schedule = "every 1h"
[defaults]
queue = "q"
[schedules.y]
task = "t"
schedule = "every 2h"'''
OUT_OF_ORDER = """
[schedules.y]
task = "t"
schedule = "every 2h"
[schedules.x.kwargs]
a = 1
[schedules.x]
task = "t"
schedule = "every 1h"
[schedules.x.headers]
b = 1
"""


@pytest.mark.parametrize(
    "text",
    [
        'schedules = { x = { task = "t", schedule = "every 1h" }, y = { task = "t", schedule = "every 2h" } }\n',
        '[schedules]\nx = { task = "t", schedule = "every 1h" } # one\ny.task = "t"\ny.schedule = "every 2h"\n',
        DOTTED,
        SCATTERED,
        OUT_OF_ORDER,
    ],
    ids=["one line", "a line each", "dotted", "scattered", "out of order"],
)
def test_entries_are_edited_however_they_are_written(path, text):
    path.write_text(text)
    store = ScheduleStore(path)
    store.update("x", task="u", queue="slow", kwargs={"b": 2})
    assert (store.get("x").task, store.get("x").queue, store.get("x").kwargs) == ("u", "slow", {"b": 2})
    store.update("x", queue=None)
    before = path.read_text()
    if text.startswith("schedules = {"):
        with pytest.raises(StoreError, match="edit it by hand"):
            store.add("z", "t", "every 3h")
        assert path.read_text() == before
    else:
        assert store.add("z", "t", "every 3h").schedule == "every 3h"
    store.remove("x")
    assert store.get("y").schedule == "every 2h"
    assert "x" not in [row.name for row in store.find()]


def test_what_the_file_says_of_defaults_and_calendars_holds(store):
    store.add("closed", "shop.add", "every 1h", exclude="calendar shop")
    with pytest.raises(InvalidEntryError, match=r"schedules\.open\.exclude"):
        store.add("open", "shop.add", "every 1h", exclude="calendar shops")
    assert store.get("closed").queue is None


def test_null_is_refused_as_toml_has_none(store, path):
    with pytest.raises(InvalidEntryError, match=r"schedules\.x\.args\[1\]\.a: is null, which TOML does not have"):
        store.add("x", "shop.add", "every 1h", args=[1, {"a": None}])
    assert path.read_text() == TEXT


def test_mode_link_marks_and_line_ends_are_kept(path, tmp_path):
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    ScheduleStore(link).update("nightly", queue="slow", max_runs=11)
    ScheduleStore(link).add("new", "shop.add", "every 1h")
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    written = path.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf#")
    assert written.count(b"\n") == written.count(b"\r\n")
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["link.toml", "prod.toml"]


def test_a_new_file_is_for_its_owner_alone(tmp_path):
    ScheduleStore(tmp_path / "new.toml").add("x", "shop.add", "every 1h")
    assert (tmp_path / "new.toml").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new.toml").read_text() == '[schedules.x]\ntask = "shop.add"\nschedule = "every 1h"\n'


@pytest.mark.parametrize("text", ["[schedules.x\n", "\xff", "[schedule.x]\n", "schedules = 5\n"])
def test_a_file_that_cannot_be_read_is_left_alone(path, text):
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DefinitionError, match=r"prod\.toml"):
        ScheduleStore(path).add("x", "shop.add", "every 1h")
    assert path.read_bytes() == text.encode("latin-1")


def test_what_is_no_file_or_may_not_be_written_says_so(tmp_path, path):
    with pytest.raises(BeatdError, match="no such file"):
        ScheduleStore(tmp_path / "none.toml", create=False).get("x")
    with pytest.raises(BeatdError, match=r"nowhere: No such file"):
        ScheduleStore(tmp_path / "nowhere" / "prod.toml").add("x", "shop.add", "every 1h")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BeatdError, match=r"no \*\.toml file"):
        ScheduleStore(tmp_path / "folder").add("x", "shop.add", "every 1h")


def test_the_entries_of_a_folder_are_edited_in_their_files(tmp_path, path):
    other = tmp_path / "more.toml"
    other.write_text('[schedules.more]\ntask = "t"\nschedule = "every 1h"\n')
    store = ScheduleStore(tmp_path)
    assert [row.name for row in store.find()] == ["inline", "more", "nightly", "sales.report"]
    store.update("more", queue="slow")
    assert 'queue = "slow"' in other.read_text()
    assert path.read_text() == TEXT
    with pytest.raises(StoreError, match="is a folder; name the file"):
        store.add("x", "t", "every 1h")


def test_bad_entries_are_read_with_what_is_wrong_and_can_be_mended(path):
    path.write_text('[schedules]\nfive = 5\n[schedules.wrong]\ntask = "t"\nschedule = 5\nnotify = 1\n')
    store = ScheduleStore(path)
    assert [(row.name, bool(row.error)) for row in store.find(errors=True)] == [("five", True), ("wrong", True)]
    assert "not in this version" in store.get("wrong").error
    with pytest.raises(StoreError, match="is no table"):
        store.update("five", task="t", schedule="every 1h")
    store.remove("five")
    assert [row.name for row in store.find(errors=False)] == []
    assert [row.name for row in store.find()] == ["wrong"]


def test_what_fires_soon_is_found_by_what_the_entries_name(path, store):
    path.write_text(
        '[schedules.century]\ntask = "t"\nschedule = "at 2100-01-01T00:00:00Z"\n'
        '[schedules.inline]\ntask = "t"\nschedule = "every 1h"\n'
    )
    assert [row.name for row in store.find(due_within="1h")] == ["inline"]
    assert [row.name for row in store.find(order="next")] == ["inline", "century"]
    assert [row.name for row in store.find(order="next", after="inline", limit=1)] == ["century"]


def test_an_editor_who_writes_meanwhile_is_not_overwritten(store, path):
    def edited():
        with store.transaction():
            store.update("nightly", queue="slow")
            path.write_text(TEXT + "# by hand\n")

    with pytest.raises(EntryConflictError, match=r"prod\.toml was changed by somebody else meanwhile"):
        edited()
    assert path.read_text() == TEXT + "# by hand\n"


def test_a_file_is_read_once_for_all_of_its_entries(store, path):
    store.add_many({"name": f"m{number:04}", "task": "t", "schedule": "every 1h"} for number in range(600))
    each = store.find(task="t")
    next(each)
    path.write_text("")
    assert len([*each]) == 599


def test_two_who_edit_at_once_both_get_their_turn(path):
    def add(part):
        for number in range(5):
            ScheduleStore(path).add(f"{part}{number}", "shop.add", "every 1h")

    threads = [threading.Thread(target=add, args=(part,)) for part in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([*ScheduleStore(path).find()]) == 18


def test_nobody_is_waited_for_for_ever(path):
    with toml_file.alone(path.parent), pytest.raises(StoreError, match="try again"), toml_file.alone(path.parent, 0.05):
        pass


def test_a_folder_that_takes_no_file_leaves_all_as_it_was(store, path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            store.update("nightly", queue="slow")
    finally:
        path.parent.chmod(0o700)
    assert path.read_text() == TEXT


def test_many_edits_are_one_rewriting(store, path):
    with store.transaction():
        for number in range(200):
            store.put({"name": f"m{number}", "task": "t", "schedule": "every 1h"})
        assert path.read_text() == TEXT
        store.remove("m7")
        store.update("m8", queue="q")
    assert len([*store.find(task="t")]) == 199
    with store.transaction():
        again = [store.put({"name": f"m{number}", "task": "t", "schedule": "every 1h"}) for number in range(9, 20)]
    assert {*again} == {"unchanged"}
