"""`beatd list`, `next` and `check` on tables of entries."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beatd import ScheduleStore
from beatd.app.store.store import AT_ONCE
from beatd.cli.listing import upcoming
from beatd.clock import SystemClock
from beatd.schedules.moments import from_us, iso
from tests.cli.in_process import Beatd, in_empty_folder
from tests.servers.places import connect_to, place_for_entries

NOW = from_us(SystemClock().now()).replace(microsecond=0)
NEVER_RUN = ("--broker", "sqlite:///state.db")


@pytest.fixture
def beatd(capsys, monkeypatch, tmp_path) -> Beatd:
    return in_empty_folder(capsys, monkeypatch, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from place_for_entries(request.param, tmp_path)


def execute(url: str, statement: str) -> None:
    """Run plain SQL, as anybody may."""
    with closing(connect_to(url)) as connection, connection:
        connection.execute(statement)


def tell(url: str, name: str, **columns: object) -> None:
    """Write into a row what a scheduler would."""
    told = {
        key: value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value
        for key, value in columns.items()
    }
    written = ", ".join(f"{key} = '{value}'" for key, value in told.items())
    execute(url, f"UPDATE beatd_schedules SET {written} WHERE name = '{name}'")


@pytest.fixture
def rows(url: str) -> str:
    with ScheduleStore(url) as store:
        store.add("a", "shop.add", "every 1h", tags=["x", "y"])
        store.add("b", "shop.mail", "every 2h", tags=["y"], timezone="Europe/Berlin")
        store.add("c", "shop.add", "every 1d", enabled=False)
        store.add("d", "shop.add", "every monday", check=False)
    tell(url, "a", next_fire_at=NOW + timedelta(hours=1), last_fire_at=NOW - timedelta(hours=1), run_count=3)
    tell(url, "b", next_fire_at=NOW + timedelta(minutes=10), last_fire_at=NOW - timedelta(hours=2))
    tell(url, "d", error="row d: bad schedule")
    return url


def listed(beatd: Beatd, *words: str) -> list[str]:
    return [line["name"] for line in beatd("list", "--json", *words).lines]


def test_bytes_that_are_no_text_hide_no_row(beatd, tmp_path):
    url = f"sqlite:///{tmp_path}/odd.db"
    with ScheduleStore(url) as store:
        store.add("good", "shop.add", "every 1h")
    odd = "CAST(x'61ff' AS TEXT)"
    execute(url, f"INSERT INTO beatd_schedules (name, task, schedule) VALUES ('bad', {odd}, 'every 1h')")
    execute(url, f"UPDATE beatd_schedules SET next_fire_at = {odd}, error = {odd} WHERE name = 'bad'")
    listed = beatd("list", "--schedule", url)
    assert (listed.code, "good" in listed.out, "a\ufffd" in listed.out) == (0, True, True)
    assert "a\ufffd" in beatd("list", "--errors", "--schedule", url).out
    assert beatd("next", "--schedule", url).code == 0
    assert beatd("show", "bad", "--broker", url).code == 0


def test_rows_are_listed_with_what_a_scheduler_told(beatd, rows):
    lines = {line["name"]: line for line in beatd("list", "--json", "--schedule", rows).lines}
    assert {name: line["state"] for name, line in lines.items()} == {
        "a": "ok",
        "b": "ok",
        "c": "disabled",
        "d": "quarantined",
    }
    assert lines["a"]["next_fire"] == f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert (lines["a"]["runs"], lines["b"]["timezone"], lines["d"]["error"]) == (
        3,
        "Europe/Berlin",
        "row d: bad schedule",
    )
    assert "s3cret" not in lines["a"]["source"]


def test_of_a_long_schedule_a_table_shows_the_beginning(beatd, url):
    schedule = " | ".join(f"{minute} {hour} * * *" for minute in range(60) for hour in range(10))
    with ScheduleStore(url) as store:
        store.add("long", "shop.add", schedule)
        store.add("short", "shop.add", "every 1h")
    lines = beatd("list", "--schedule", url).out.splitlines()
    assert max(map(len, lines)) < 200
    assert lines[1].startswith("long   0 0 * * * | 0 1 * * * | ")
    assert "…  UTC  " in lines[1]
    assert beatd("list", "--json", "--schedule", url).lines[0]["schedule"] == schedule
    assert beatd("show", "long", "--json", "--schedule", url).json["schedule"] == schedule


def test_a_row_is_shown_before_anything_was_run(beatd, rows):
    source = ("--schedule", rows, *NEVER_RUN)
    shown = beatd("show", "b", "--json", *source)
    assert (shown.code, shown.err) == (0, "")
    assert (shown.json["name"], shown.json["task"], shown.json["runs"]) == ("b", "shop.mail", 0)
    assert shown.json["next_fire"] > iso(SystemClock().now())
    assert re.search("^schedule +every 2h$", beatd("show", "b", *source).out, re.MULTILINE)
    (fire,) = beatd("next", "--entry", "b", "--count", "1", "--json", *source).lines
    assert fire["fire_time"] == shown.json["next_fire"]
    assert beatd("explain", "--entry", "b", *source).code == 0
    assert beatd("show", "d", *source).out.count("bad schedule 'every monday'") == 1


def test_before_anything_was_run_it_is_told_where_a_name_was_looked_for(beatd, rows):
    shown = beatd("show", "bb", "--schedule", rows, *NEVER_RUN)
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.startswith("error: no entry named 'bb' in ")
    missing = beatd("show", "b", "--schedule", "sqlite:///missing.db", *NEVER_RUN)
    assert "missing.db; `beatd db upgrade` makes it" in missing.err
    assert "state.db; `beatd db upgrade` makes it" in beatd("show", "b", *NEVER_RUN).err


def test_a_list_is_narrowed_and_sorted(beatd, rows):
    source = ("--schedule", rows)
    assert listed(beatd, *source, "--tag", "y") == ["a", "b"]
    assert listed(beatd, *source, "--task", "shop.add") == ["a", "c", "d"]
    assert listed(beatd, *source, "--due-within", "30m") == ["b"]
    assert listed(beatd, *source, "--errors") == ["d"]
    assert listed(beatd, *source, "--paused") == []
    assert listed(beatd, *source, "--failing") == []
    assert listed(beatd, *source, "--sort", "next") == ["b", "a", "c", "d"]
    assert listed(beatd, *source, "--sort", "last") == ["a", "b", "c", "d"]
    assert listed(beatd, *source, "--sort", "next", "--limit", "2", "--after", "b") == ["a", "c"]
    assert listed(beatd, *source, "--after", "bb") == ["c", "d"]
    assert "row d: bad schedule" in beatd("list", *source, "--errors").out
    assert beatd("list", *source, "--tag", "none").out == "no such entry\n"
    gone = beatd("list", *source, "--sort", "next", "--after", "gone")
    assert (gone.code, "no entry named 'gone'" in gone.err) == (1, True)


def test_a_paused_row_is_found_by_the_state(beatd, rows):
    assert beatd("pause", "b", "--note", "stocktaking", "--broker", rows).code == 0
    (line,) = beatd("list", "--paused", "--json", "--broker", rows).lines
    assert (line["name"], line["state"], line["pause"]["note"]) == ("b", "paused", "stocktaking")
    entries = {line["entry"] for line in beatd("next", "--count", "50", "--json", "--broker", rows).lines}
    assert entries == {"a"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--due-within", "soon"], "'soon' is not a duration"),
        (["--sort", "size"], "'size' is not one of"),
        (["--limit", "0"], "Invalid value for '-n' / '--limit'"),
    ],
)
def test_a_wrong_question_is_wrong_usage(beatd, words, told):
    ended = beatd("list", *words)
    assert (ended.code, told in ended.err) == (2, True)


def test_a_page_for_people_says_how_to_go_on(beatd, rows):
    ended = beatd("list", "--schedule", rows, "--limit", "2")
    assert [line.split()[0] for line in ended.out.splitlines()] == ["NAME", "a", "b"]
    assert ended.err == "there are more: --after b\n"


def test_the_brokers_own_table_is_listed_where_none_is_named(beatd, rows):
    assert listed(beatd, "--broker", rows) == ["a", "b", "c", "d"]
    assert [line["entry"] for line in beatd("next", "--json", "--count", "2", "--broker", rows).lines]


def test_files_and_tables_are_listed_side_by_side_and_one_that_is_down_hides_no_other(beatd, rows):
    other = "sqlite:///missing.db"
    ended = beatd("list", "--json", "--schedule", rows, "--schedule", other)
    assert ended.code == 1
    assert [line["name"] for line in ended.lines] == ["a", "b", "c", "d"]
    assert "no database at" in ended.err


def test_of_a_source_that_cannot_be_read_it_is_not_said_that_nothing_is_in_it(beatd):
    ended = beatd("list", "--schedule", "sqlite:///missing.db")
    assert (ended.code, ended.out) == (1, "")
    assert "no database at" in ended.err


def test_many_rows_are_read_by_page(beatd, url):
    names = [f"m{number:05}" for number in range(2 * AT_ONCE + 7)]
    with ScheduleStore(url) as store:
        store.add_many({"name": name, "task": "t", "schedule": "every 1h"} for name in names)
    assert listed(beatd, "--schedule", url) == names
    assert listed(beatd, "--schedule", url, "--after", names[600], "--limit", "3") == names[601:604]
    assert beatd("list", "--schedule", url).err == f"there are more: --after {names[999]}\n"


def test_next_is_computed_from_few_rows(beatd, rows):
    lines = beatd("next", "--json", "--count", "4", "--schedule", rows, "--after", "2026-01-01T00:30Z").lines
    assert [(line["entry"], line["fire_time"]) for line in lines] == [
        ("a", "2026-01-01T01:00:00Z"),
        ("a", "2026-01-01T02:00:00Z"),
        ("b", "2026-01-01T02:00:00Z"),
        ("a", "2026-01-01T03:00:00Z"),
    ]


def test_next_of_many_rows_is_what_a_scheduler_told_to_be_next(beatd, url, monkeypatch):
    monkeypatch.setattr(upcoming, "LOOKED_AT", 5)
    with ScheduleStore(url) as store:
        for number in range(7):
            store.add(f"m{number}", "t", f"every {number + 1}d")
    for number in range(6):
        days = number + 1
        since = datetime.fromtimestamp((NOW.timestamp() // (86400 * days) + 1) * 86400 * days, UTC)
        tell(url, f"m{number}", next_fire_at=since)
    first = beatd("next", "--json", "--count", "1", "--schedule", url).lines
    assert first[0]["entry"] == "m0"
    refused = beatd("next", "--after", "2099-01-01", "--schedule", url)
    assert (refused.code, "more than 5 rows: name those that matter: --entry NAME" in refused.err) == (1, True)


def test_check_tells_all_that_is_wrong_in_a_table(beatd, rows):
    execute(rows, "INSERT INTO beatd_schedules (name, task, schedule, timezone) VALUES ('e', 't', 'every 1h', 'Mars')")
    ended = beatd("check", rows)
    assert ended.code == 1
    assert "bad schedule 'every monday'" in ended.out
    assert "unknown time zone 'Mars'" in ended.out
    assert "2 wrong" in ended.out
    lines = beatd("check", "--json", rows).lines
    assert {line["entry"] for line in lines if line["level"] == "error"} == {"d", "e"}


def test_check_of_a_table_that_cannot_be_read_says_why(beatd, tmp_path):
    ended = beatd("check", "sqlite:///missing.db")
    assert (ended.code, "no database at" in ended.out) == (1, True)
    assert not (tmp_path / "missing.db").exists()
    ended = beatd("check", "mysql://me:s3cret@h/x")
    assert (ended.code, "s3cret" in ended.out + ended.err) == (1, False)


def test_a_name_in_a_file_and_in_a_table_is_told(beatd, rows):
    Path("prod.toml").write_text('[schedules.a]\ntask = "t"\nschedule = "every 1h"\n')
    ended = beatd("check", "prod.toml", rows)
    assert "is already defined at" in ended.out
