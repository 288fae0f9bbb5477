from pathlib import Path

import pytest

from beatd.core.entry import Draft
from beatd.core.fields import compile_entry
from beatd.errors import DefinitionError
from beatd.schedules.moments import iso
from beatd.stores.toml import TomlSource

OFFICE = '[calendars.office]\nclosed = ["sat", "sun"]\ndates = ["2026-12-24..2026-12-26"]\n'
ENTRY = '[schedules.x]\nschedule = "0 8 * * *"\ntask = "a.b"\nexclude = "calendar office"\n'
PLAIN = '[schedules.y]\nschedule = "0 8 * * *"\ntask = "a.b"\n'


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def load(path: Path) -> dict[str, Draft]:
    return {draft.name: draft for draft in TomlSource(path).load()}


def error(path: Path, name: str = "x") -> str:
    found = load(path)[name].error
    assert found is not None
    return found.replace(f"{path.parent if path.is_file() else path}/", "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "prod.toml"


def test_an_entry_fires_on_the_open_days_of_its_calendar(file: Path) -> None:
    entry = load(write(file, OFFICE + ENTRY))["x"].entry
    assert entry is not None
    assert entry.calendars == {"office": {"closed": ["sat", "sun"], "dates": ["2026-12-24..2026-12-26"]}}
    after = 1_798_020_000_000_000  # 2026-12-23T10:00Z
    assert iso(compile_entry(entry).next_us(after) or 0) == "2026-12-28T08:00:00Z"


def test_dates_may_be_those_of_toml(file: Path) -> None:
    write(file, f"[calendars.office]\ndates = [2026-12-24]\nopen = [2026-12-25]\n{ENTRY}")
    entry = load(file)["x"].entry
    assert entry is not None
    assert entry.calendars == {"office": {"dates": ["2026-12-24"], "open": ["2026-12-25"]}}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[calendars.office]\ncountry = "DE"\nclose = ["sat"]\n', "3: calendars.office.close: unknown key"),
        ('[calendars.office]\ncountry = "XX"\n', "2: calendars.office.country: "),
        ('[calendars.office]\ncountry = "DE"\nregion = "XX"\n', "3: calendars.office.region: "),
        ('[calendars.office]\nclosed = "sat"\n', "2: calendars.office.closed: is a list"),
        ("[calendars.office]\n\ndates = [\n 24,\n]\n", "3: calendars.office.dates: 24 is not a date"),
        ('[calendars.office]\nclosed = ["sat"]\nopen = ["x"]\n', "3: calendars.office.open: 'x' is not a date"),
        ('[calendars.office]\nclosed = ["sat"]\ndescription = 1\n', "3: calendars.office.description: is a text"),
        ("[calendars.office]\n", "1: calendars.office: it closes nothing"),
        ('[calendars]\noffice = "sat"\n', "2: calendars.office: a calendar is a table"),
    ],
)
def test_a_calendar_that_cannot_be_used_breaks_the_entries_that_use_it_and_no_other(
    file: Path, table: str, says: str
) -> None:
    write(file, table + ENTRY + PLAIN)
    line = table.count("\n") + 4
    said = error(file)
    assert said.startswith(f"prod.toml:{line}: schedules.x.exclude: calendar 'office' cannot be used: prod.toml:{says}")
    assert load(file)["y"].entry is not None


def test_a_calendar_that_is_not_there_is_told_with_the_line_of_the_entry(file: Path) -> None:
    assert error(write(file, ENTRY)).startswith(
        "prod.toml:4: schedules.x.exclude: bad exclusion 'calendar office': there is no calendar 'office'; none is def"
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('exclude = "* * * * *"', "4: schedules.x.exclude: "),
        ('exclude = ["every 5m", "dates 2026-12"]', "4: schedules.x.exclude: bad exclusion 'dates 2026-12': "),
        ("exclude = 5", "4: schedules.x.exclude: must be text such as"),
        ('timezone = "UTC"\nbusiness_days = "nearest"', "5: schedules.x.business_days: must be 'next' or"),
    ],
)
def test_what_is_wrong_with_an_exclusion_is_told_with_its_line(file: Path, lines: str, says: str) -> None:
    write(file, f'[schedules.x]\nschedule = "0 8 * * *"\ntask = "a.b"\n{lines}\n')
    assert error(file).startswith(f"prod.toml:{says}")


def test_calendars_of_any_file_are_shared_by_all_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "z.toml", OFFICE)
    write(tmp_path / "a.toml", ENTRY)
    assert load(tmp_path)["x"].error is None


def test_one_name_for_two_calendars_is_refused_naming_both_places(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", OFFICE)
    write(tmp_path / "b.toml", f"\n{OFFICE}{ENTRY}")
    with pytest.raises(DefinitionError) as caught:
        TomlSource(tmp_path).load()
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "b.toml:2: calendars.office: is already defined at a.toml:1; rename one of them, or remove it"
    )


def test_an_edit_of_a_calendar_alone_is_an_edit(tmp_path: Path) -> None:
    write(tmp_path / "z.toml", OFFICE)
    write(tmp_path / "a.toml", ENTRY)
    source = TomlSource(tmp_path)
    (former,) = source.load()
    write(tmp_path / "z.toml", OFFICE.replace('"sat", ', ""))
    assert source.changed()
    (latter,) = source.load()
    assert former.entry != latter.entry


# ---------------------------------------------------------------- all that is wrong, at once


def test_a_survey_tells_of_every_calendar_that_cannot_be_used(file: Path) -> None:
    write(file, f'{OFFICE}[calendars.attic]\nclosed = ["never"]\n{ENTRY}')
    drafts, wrong = TomlSource(file).survey()
    assert [draft.error for draft in drafts] == [None]
    (said,) = wrong
    assert said.startswith(f"{file}:5: calendars.attic.closed: 'never' is not a day of the week")


def test_a_survey_goes_on_beside_what_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path / "a.toml", "[calendars.office\n")
    write(tmp_path / "b.toml", OFFICE)
    write(tmp_path / "c.toml", ENTRY)
    write(tmp_path / "d.toml", "[defaults]\nqeue = 'a'\n")
    drafts, wrong = TomlSource(tmp_path).survey()
    assert [(draft.name, draft.error) for draft in drafts] == [("x", None)]
    assert [said.split(": ")[0].removeprefix(f"{tmp_path}/") for said in wrong] == ["a.toml:1:18", "d.toml:2"]
    drafts, wrong = TomlSource(tmp_path / "none").survey()
    assert (drafts, len(wrong)) == ([], 1)
