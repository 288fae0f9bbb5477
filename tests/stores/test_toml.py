import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beatd.core.entry import Misfire
from beatd.errors import DefinitionError
from beatd.schedules.moments import to_us
from beatd.stores.toml import TomlSource

GOOD = '[schedules.good]\nschedule = "every 5m"\ntask = "shop.good"\n'


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DefinitionError) as caught:
        TomlSource(path).load()
    return str(caught.value).replace(f"{path.parent}/", "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "prod.toml", GOOD)


def test_a_file_gives_a_draft_for_each_table(file: Path) -> None:
    write(
        file, f'[defaults]\nmisfire = "skip"\n{GOOD}[schedules."other name"]\nschedule = "@daily"\ntask = "shop.other"'
    )
    drafts = TomlSource(file, timezone="Europe/Berlin", queue="q").load()
    assert [(draft.name, draft.place) for draft in drafts] == [("good", f"{file}:3"), ("other name", f"{file}:6")]
    entry = drafts[0].entry
    assert entry is not None
    assert (entry.misfire, entry.timezone, entry.queue) == (Misfire.SKIP, "Europe/Berlin", "q")


def test_one_bad_entry_does_not_stop_the_others(file: Path) -> None:
    write(file, f'{GOOD}[schedules.backup]\nschedule = "0 2 * * *"\ntask = "shop.backup"\ntimezone = "Europe/Berln"\n')
    good, bad = TomlSource(file).load()
    assert good.entry is not None
    assert (bad.entry, bad.name) == (None, "backup")
    assert bad.error is not None
    assert bad.error.startswith(f"{file}:7: schedules.backup.timezone: unknown time zone 'Europe/Berln'; did you mean")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[schedules.x]\nschedule = "every 5m"\ntask = "a.b"\nkwargs = { rows = [1, 2], when = 2026-01-02 }',
            '4: schedules.x.kwargs.when: is a date, which JSON does not have; write it as text: "2026-01-02"',
        ),
        (
            '[schedules.x]\nschedule = "every 5m"\ntask = "a.b"\n[schedules.x.kwargs]\na = [\n { when = 07:00:00 },\n]',
            '6: schedules.x.kwargs.a[0].when: is a time, which JSON does not have; write it as text: "07:00:00"',
        ),
        ('[schedules.x]\nschedule = "every 5m"', "1: schedules.x.task: is missing; for example task ="),
        ('[schedules]\n\nx = "every 5m"', "3: schedules.x: must be a table, got 'every 5m'"),
        (
            '[defaults]\nqueue = "a"\npriority = 12\n[schedules.x]\nschedule = "every 5m"\ntask = "a.b"',
            "3: defaults.priority: must be a whole number from 0 to 9, got 12",
        ),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_its_line(file: Path, text: str, says: str) -> None:
    (draft,) = TomlSource(write(file, text)).load()
    assert draft.error is not None
    assert draft.error[: len(f"{file}:{says}")] == f"{file}:{says}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[schedules.x\n", "prod.toml:1:13: not valid TOML: expected ']' at the end of a table declaration"),
        ("[schedule.x]\n", "prod.toml:1: schedule: unknown table; did you mean 'schedules'?"),
        ("[defaults]\nqeue = 'a'", "prod.toml:2: defaults.qeue: unknown key; did you mean 'queue'?"),
        ("[defaults]\nname = 'a'", "prod.toml:2: defaults.name: unknown key; each entry has its own"),
        (
            f"{GOOD}{GOOD}",
            "prod.toml:4: schedules.good: is already defined at prod.toml:1; rename one of them, or remove it",
        ),
        (
            f"{GOOD}\nkwargs = {{ a = 1 }}\nkwargs = {{ b = 1 }}\n",
            "prod.toml:6: schedules.good.kwargs: is already defined at prod.toml:5; remove one of them",
        ),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused(file: Path, text: str, says: str) -> None:
    assert refusal(write(file, text)) == says


def test_a_file_that_is_gone_is_refused_and_not_empty(file: Path) -> None:
    file.unlink()
    assert refusal(file) == "prod.toml: no such file; `beatd init` writes one to begin with"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(file: Path) -> None:
    file.chmod(0)
    assert refusal(file) == "prod.toml: cannot be read: Permission denied"


def test_a_path_through_a_file_is_refused_in_words(file: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be read: Not a directory"):
        TomlSource(file / "x.toml").load()


def test_a_folder_works_as_one_file_and_keeps_its_defaults_apart(tmp_path: Path) -> None:
    write(tmp_path / "b.toml", GOOD)
    write(tmp_path / "a.toml", '[defaults]\nqueue = "a"\n[schedules.first]\nschedule = "@daily"\ntask = "x.y"')
    write(tmp_path / "notes.txt", "not read")
    write(tmp_path / ".hidden.toml", "not read")
    drafts = TomlSource(tmp_path).load()
    assert [(draft.name, draft.entry.queue) for draft in drafts if draft.entry] == [("first", "a"), ("good", "celery")]


def test_a_name_defined_twice_in_a_folder_names_both_places(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    write(folder / "a.toml", GOOD)
    write(folder / "b.toml", f"\n\n{GOOD}")
    assert refusal(folder) == (
        "set/b.toml:3: schedules.good: is already defined at set/a.toml:1; rename one of them, or remove it"
    )


def test_a_folder_without_files_is_refused_and_not_empty(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    assert refusal(folder) == "set: no *.toml file is in this folder; name the folder that holds them"


def test_a_moment_in_the_past_still_loads(file: Path) -> None:
    (draft,) = TomlSource(write(file, '[schedules.x]\nschedule = "at 2020-01-01T00:00"\ntask = "a.b"')).load()
    assert draft.entry is not None


def test_a_source_that_was_read_has_not_changed(file: Path) -> None:
    source = TomlSource(file)
    assert source.changed()
    source.load()
    assert not source.changed()


def test_an_edit_an_atomic_rename_and_a_removal_are_noticed(file: Path, tmp_path: Path) -> None:
    source = TomlSource(file)
    source.load()
    write(file, GOOD + "\n")
    assert source.changed()
    source.load()
    write(tmp_path / "new", GOOD + "\n").rename(file)
    assert source.changed()
    source.load()
    file.unlink()
    assert source.changed()


def test_a_changed_link_is_noticed_although_the_content_is_as_long(tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        write(tmp_path / version / "prod.toml", GOOD)
    (tmp_path / "current").symlink_to("v1")
    (tmp_path / "prod.toml").symlink_to("current/prod.toml")
    source = TomlSource(tmp_path / "prod.toml")
    source.load()
    (tmp_path / "next").symlink_to("v2")
    (tmp_path / "next").rename(tmp_path / "current")
    assert source.changed()
    assert source.paths() == [str(tmp_path / "prod.toml")]


def test_a_file_added_to_a_folder_is_noticed(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", GOOD)
    source = TomlSource(tmp_path)
    source.load()
    write(tmp_path / "b.toml", "")
    assert source.changed()


def test_a_broken_edit_is_read_once_and_noticed_again_when_it_is_repaired(file: Path) -> None:
    source = TomlSource(file)
    source.load()
    write(file, "broken")
    assert source.changed()
    with pytest.raises(DefinitionError):
        source.load()
    assert not source.changed()
    write(file, GOOD)
    assert source.changed()


def test_a_name_with_a_dot_is_to_be_quoted(file: Path) -> None:
    write(file, GOOD.replace("schedules.good", "schedules.shop.backup"))
    [draft] = TomlSource(file).load()
    assert draft.error is not None
    assert "prod.toml:1: schedules.shop.backup: a name that holds a dot" in draft.error
    assert draft.error.endswith('write [schedules."shop.backup"]')


def test_arguments_that_are_a_table_are_told_what_to_write_in_toml(file: Path) -> None:
    write(file, f"{GOOD}args = {{ a = 1 }}\n")
    [draft] = TomlSource(file).load()
    assert draft.error is not None
    assert draft.error.endswith("write args = [1, 2], or kwargs = { name = 1 } for arguments by name")


def test_a_long_name_is_cut_in_errors(file: Path) -> None:
    write(file, f"[schedules.{'n' * 500}]\nschedule = '{'x' * 500}'\ntask = 'a.b'\n")
    [draft] = TomlSource(file).load()
    assert draft.error is not None
    assert "n" * 90 not in draft.error


def test_a_far_bound_leaves_the_other_entries_as_they_are(file: Path) -> None:
    terms = 'schedule = "0 8 * * *"\ntask = "shop.a"\ntimezone = "America/New_York"\n'
    never, ended = f"[schedules.never]\n{terms}starts_at", f"[schedules.ended]\n{terms}ends_at"
    write(file, f"{GOOD}{never} = 9999-12-31T23:59:59\n{ended} = 9999-12-31T23:59:59\n")
    good, never_starts, never_ends = TomlSource(file).load()
    assert good.entry is not None
    assert never_starts.error is not None
    assert never_starts.error.startswith(f"{file}:8: schedules.never.starts_at: ")
    assert never_ends.entry is not None
    assert never_ends.entry.ends_at is None


def test_a_date_is_a_bound_at_its_midnight(file: Path) -> None:
    write(file, f'{GOOD}timezone = "Europe/Berlin"\nstarts_at = 2027-01-01\nends_at = "2027-01-02"\n')
    (draft,) = TomlSource(file).load()
    assert draft.entry is not None
    assert draft.entry.starts_at == to_us(datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert draft.entry.ends_at == to_us(datetime(2027, 1, 1, 23, tzinfo=UTC))
