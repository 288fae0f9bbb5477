import json
from typing import Any

import pytest

from beatd.core.entry import Entry
from beatd.core.rows import (
    CALENDAR,
    COLUMNS,
    LARGEST,
    Documents,
    Logged,
    Past,
    Raw,
    RowDecoder,
    State,
    calendars_named,
    line_of,
    past_of,
    raw_row,
    states_of,
)
from beatd.core.rows.calendars import UNKNOWN
from beatd.sqlkit import schema

RAW = {"task": "shop.report", "schedule": "every 5m"}
FIRST, SECOND, THIRD = 2311151347130517430, 7525997678363775550, 2357646104369333922
OFFICE = {"closed": '["sat", "sun"]', "dates": '["2026-12-24"]'}


def raw(**given: Any) -> Raw:
    return raw_row({**RAW, **given})


def office(**given: Any) -> Documents:
    return (("office", tuple({**OFFICE, **given}.get(column) for column in CALENDAR)),)


@pytest.fixture
def decoder() -> RowDecoder:
    return RowDecoder(timezone="Europe/Berlin", queue="reports", sees_finish=True)


def entry(found: tuple[int, Entry | str]) -> Entry:
    assert isinstance(found[1], Entry), found[1]
    return found[1]


def error(found: tuple[int, Entry | str]) -> str:
    assert isinstance(found[1], str)
    return found[1]


def test_the_columns_are_those_that_users_edit() -> None:
    own = {"namespace", "name", "generation", "changed_at", "next_fire_at", "last_fire_at", "run_count", "error"}
    assert set(COLUMNS) == set(schema.schedules.c.keys()) - own


def test_task_and_schedule_are_enough(decoder: RowDecoder) -> None:
    found = entry(decoder.read("a", raw()))
    assert (found.name, found.task, found.schedule) == ("a", "shop.report", "every 5m")
    assert (found.timezone, found.queue, found.enabled, found.args, found.kwargs) == (
        "Europe/Berlin",
        "reports",
        True,
        [],
        {},
    )


def test_every_column_is_read(decoder: RowDecoder) -> None:
    given = {
        "exclude": "calendar office",
        "timezone": "America/New_York",
        "args": '[1, "two"]',
        "kwargs": '{"a": [1]}',
        "queue": "q",
        "priority": 9,
        "headers": '{"tenant": "a"}',
        "expires": "1h30m",
        "time_limit": "90",
        "soft_time_limit": "50s",
        "enabled": 0,
        "starts_at": "2026-01-01T00:00",
        "ends_at": "2027-01-01",
        "max_runs": 3,
        "misfire": "all",
        "grace": "2h",
        "catch_up_limit": 5,
        "overlap": "skip",
        "overlap_timeout": "1h",
        "pause_after_failures": 2,
        "jitter": "5s",
        "gap": "skip",
        "fold": "both",
        "business_days": "next",
        "description": "what it is for",
        "tags": '["a", "b"]',
    }
    assert set(given) | set(RAW) == set(COLUMNS)
    found = entry(decoder.read("a", raw(**given), office()))
    assert (found.args, found.kwargs, found.headers, found.tags) == (
        [1, "two"],
        {"a": [1]},
        {"tenant": "a"},
        ["a", "b"],
    )
    assert (found.expires, found.time_limit, found.soft_time_limit) == (5400 * 10**6, 90.0, 50.0)
    assert (found.enabled, found.priority, found.max_runs, found.catch_up_limit) == (False, 9, 3, 5)
    assert found.starts_at == 1_767_243_600 * 10**6  # midnight in New York
    assert found.calendars == {"office": {"closed": ["sat", "sun"], "dates": ["2026-12-24"]}}


def test_null_in_json_is_as_null(decoder: RowDecoder) -> None:
    found = entry(decoder.read("a", raw(args="null", kwargs="null", headers="null", tags="null")))
    assert (found.args, found.kwargs, found.headers, found.tags) == ([], {}, {}, [])


BAD = {
    "schedule": [
        ("every monday", "bad schedule"),
        ("0," * 50_000 + "0 * * * *", "characters"),
        ("x" * 2_000_000, f"is longer than {LARGEST} characters; shorten it"),
        ("", "bad schedule"),
    ],
    "task": [("", "printable"), ("a\x00b", "printable"), ("x" * 300, "255")],
    "timezone": [("Mars/Olympus", "time zone"), ("", "time zone")],
    "exclude": [
        ("calendar attic", "there is no calendar 'attic'; add a row 'attic' to beatd_calendars"),
        ("sometimes", "bad exclusion"),
    ],
    "args": [
        ("{}", "must be a JSON array, got '{}'"),
        ("[1", "not JSON"),
        ("[1e999]", "not JSON"),
        ("[123456789012345678901234567890]", "64 bits"),
        ("[" * 200 + "]" * 200, "nested more than 100 deep"),
        ("[" * 5000 + "]" * 5000, "not JSON"),
        ('["\\ud800"]', "not JSON"),
        ('"' + "x" * 10_000_000 + '"', f"is longer than {LARGEST} characters; pass the id of what it is"),
    ],
    "kwargs": [
        ("[1]", "must be a JSON object, got '[1]'"),
        ('{"a": "' + "x" * 10_000_000 + '"}', f"is longer than {LARGEST} characters"),
    ],
    "headers": [('{"id": 1}', "sets itself"), ("[]", "must be a JSON object"), ('"a"', "must be a JSON object")],
    "tags": [("{}", "must be a JSON array"), ("[1]", "must be a list of texts")],
    "priority": [(10, "from 0 to 9"), (-1, "from 0 to 9")],
    "expires": [("soon", "duration"), ("0", "above 0"), ("-1", "duration")],
    "time_limit": [("forever", "duration")],
    "enabled": [(2, "true or false")],
    "starts_at": [("yesterday", "no moment"), ("2026-02-30", "no moment")],
    "max_runs": [(0, "1 or more")],
    "misfire": [("sometimes", "'latest' or 'all' or 'skip'")],
    "description": [("x" * 10_000_000, f"is longer than {LARGEST} characters; shorten it")],
}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [(column, *each) for column, all_ in BAD.items() for each in all_],
    ids=lambda v: str(v)[:20],
)
def test_what_cannot_be_used_is_told_with_its_column(decoder: RowDecoder, column: str, value: Any, reason: str) -> None:
    told = error(decoder.read("a", raw(**{column: value})))
    assert told.startswith(f"row 'a': {column}"), told
    assert reason in told
    assert len(told) < 1000


def test_a_bad_row_is_told_by_each_name(decoder: RowDecoder) -> None:
    assert error(decoder.read("a", raw(priority=10))).startswith("row 'a': priority: ")
    assert error(decoder.read("b", raw(priority=10))).startswith("row 'b': priority: ")


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "a\x00b", "\ud800"])
def test_names_that_no_entry_can_have_are_told(decoder: RowDecoder, name: str) -> None:
    assert "1 to 200 printable characters" in (decoder.unusable(name) or "")


def test_where_ends_are_not_seen_what_needs_them_is_a_bad_row() -> None:
    blind = RowDecoder(timezone="UTC", queue="q", sees_finish=False)
    assert error(blind.read("a", raw(overlap="skip"))).startswith("row 'a': overlap: 'skip' needs to know")
    assert error(blind.read("a", raw(pause_after_failures=1))).startswith("row 'a': pause_after_failures: 1 needs")
    assert entry(blind.read("a", raw(overlap="allow"))).schedule == "every 5m"


def test_rows_that_are_alike_share_a_plan(decoder: RowDecoder) -> None:
    one, other = entry(decoder.read("a", raw(args="[1]"))), entry(decoder.read("b", raw(args="[2]")))
    assert one.plan is other.plan
    assert (one.args, other.args) == ([1], [2])


def test_rows_that_fire_by_their_names_share_a_plan_too(decoder: RowDecoder) -> None:
    names = [f"entry-{number}" for number in range(20)]
    for schedule in ("H * * * *", "H H * * *", "H 2 H * *"):
        plans = {id(entry(decoder.read(name, raw(schedule=schedule))).plan) for name in names}
        assert len(plans) == 1


def test_of_rows_alike_one_may_be_bad_because_of_its_name(decoder: RowDecoder) -> None:
    given = raw(schedule="0 H * * *", exclude="* 0-11 * * *")
    told = {name: decoder.read(name, given)[1] for name in (f"entry-{number}" for number in range(40))}
    bad = {name for name, each in told.items() if isinstance(each, str)}
    assert 0 < len(bad) < 40
    again = RowDecoder(timezone="Europe/Berlin", queue="reports", sees_finish=True)
    for name in reversed(told):
        assert isinstance(again.read(name, given)[1], str) is (name in bad)


def test_more_plans_than_are_kept_in_mind_are_read_all_the_same(
    decoder: RowDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beatd.core.rows.decoding.SHARED", 3)
    for number in range(1, 10):
        assert entry(decoder.read("a", raw(max_runs=number))).max_runs == number


def test_a_calendar_that_cannot_be_used_is_told_by_its_row(decoder: RowDecoder) -> None:
    given = raw(exclude="calendar office")
    place = "row 'office' of beatd_calendars: closed: "
    assert place in error(decoder.read("a", given, office(closed='["someday"]')))
    assert place in error(decoder.read("a", given, office(closed="[1")))
    assert place in error(decoder.read("a", given, office(closed='"' + "x" * LARGEST + '"')))
    assert "there is no calendar 'office'" in error(decoder.read("a", given, (("office", None),)))


def test_fingerprints_are_these_for_ever(decoder: RowDecoder) -> None:
    assert decoder.fingerprint(raw()) == FIRST
    assert decoder.fingerprint(raw(args="[1]", kwargs='{"a": 1}', enabled=0)) == SECOND
    assert decoder.fingerprint(raw(exclude="calendar office"), office()) == THIRD
    assert decoder.read("a", raw())[0] == FIRST


def test_a_fingerprint_is_that_of_the_columns_and_of_nothing_else(decoder: RowDecoder) -> None:
    assert decoder.read("a", raw())[0] == decoder.read("b", raw())[0]
    prints = {decoder.fingerprint(raw(**given)) for given in ({}, {"args": "[]"}, {"kwargs": "{}"}, {"enabled": 1})}
    assert len(prints) == 4
    assert all(0 <= each < 2**63 for each in prints)
    # As the log has it: by name, in any order, without what is not given.
    logged = json.loads(json.dumps({"schedule": "every 5m", "task": "shop.report"}))
    assert decoder.fingerprint(raw_row(logged)) == decoder.fingerprint(raw())


def test_a_calendar_changes_the_fingerprint_of_rows_that_name_it(decoder: RowDecoder) -> None:
    given = raw(exclude="calendar office")
    prints = {
        decoder.fingerprint(given, each) for each in (office(), office(open='["2026-12-24"]'), (("office", None),))
    }
    assert len(prints) == 3


OLD, MIDDLE, NEW = raw(schedule="every 1m"), raw(schedule="every 2m"), raw(schedule="every 3m")


def numbers(states: list[State]) -> list[tuple[int, str | None]]:
    return [(state.number, None if state.raw is None else state.raw[3]) for state in states]


def test_a_row_that_nobody_changed_has_one_version() -> None:
    assert states_of([Logged("insert", 1, 10, None, None)], State(10, 1, NEW)) == [State(10, 1, NEW)]


def test_the_line_is_what_the_log_has_and_then_the_row() -> None:
    log = [Logged("insert", 1, 10, None, None), Logged("update", 1, 20, 10, OLD), Logged("update", 1, 30, 20, MIDDLE)]
    assert numbers(states_of(log, State(30, 1, NEW))) == [(10, "every 1m"), (20, "every 2m"), (30, "every 3m")]


def test_a_name_that_is_gone_ends_with_its_removal() -> None:
    log = [Logged("insert", 1, 10, None, None), Logged("delete", 1, 20, 10, OLD)]
    assert numbers(states_of(log, None)) == [(10, "every 1m"), (20, None)]


def test_a_name_that_came_back_has_both_lives() -> None:
    log = [Logged("delete", 1, 20, 10, OLD), Logged("insert", 21, 21, None, None)]
    assert states_of(log, State(21, 21, NEW)) == [State(10, 1, OLD), State(20, 1, None), State(21, 21, NEW)]


def test_what_is_logged_twice_is_told_once() -> None:
    log = [Logged("was", 1, 10, 10, OLD), Logged("was", 1, 10, 10, OLD), Logged("update", 1, 20, 10, OLD)]
    assert numbers(states_of(log, State(20, 1, NEW))) == [(10, "every 1m"), (20, "every 3m")]
    # An insert that was refused leaves what it may have been about to replace.
    assert numbers(states_of([Logged("was", 1, 10, 10, OLD)], State(10, 1, OLD))) == [(10, "every 1m")]


def test_a_row_deleted_behind_the_triggers_is_removed_at_its_own_number() -> None:
    assert numbers(states_of([Logged("update", 1, 20, 10, OLD)], None)) == [(10, "every 1m"), (20, None)]
    assert states_of([], None) == []


def test_a_removal_noted_for_a_row_that_was_gone_ends_the_line() -> None:
    log = [Logged("update", 1, 20, 10, OLD), Logged("delete", None, 40, None, None)]
    assert numbers(states_of(log, None)) == [(10, "every 1m"), (40, None)]


def test_a_row_of_a_later_transaction_with_an_earlier_number_is_the_one_in_force() -> None:
    log = [Logged("delete", 1, 25, 10, OLD), Logged("insert", 24, 24, None, None)]
    assert numbers(states_of(log, State(24, 24, NEW))) == [(10, "every 1m"), (24, "every 3m")]


FREE: tuple[Any, ...] = (None, None, '["sun"]', None, None)
SHUT: tuple[Any, ...] = (None, None, '["sat", "sun"]', None, None)
NAMING = raw(exclude="calendar office")


def test_the_calendars_of_a_row_are_those_that_it_names() -> None:
    assert calendars_named(raw()) == ()
    assert calendars_named(raw(exclude="dates 2026-12-24 | Calendar  b | calendar a")) == ("a", "b")


def test_what_a_calendar_was_is_known_from_its_log() -> None:
    log = [
        Logged("insert", None, 10, None, None),
        Logged("update", None, 20, 10, FREE),
        Logged("delete", None, 30, 20, SHUT),
        Logged("insert", None, 40, None, None),
    ]
    past = past_of(log, (40, FREE))
    assert [past.at(number) for number in (9, 10, 19, 20, 30, 39, 40, 99)] == [
        *(None, FREE, FREE, SHUT, None, None, FREE, FREE),
    ]


def test_what_the_log_of_a_calendar_has_lost_is_not_known() -> None:
    assert past_of([], None).at(5) is None
    assert past_of([], (10, FREE)).at(5) is UNKNOWN
    # Replaced, which fires no trigger that keeps what was there.
    replaced = past_of([Logged("insert", None, 10, None, None), Logged("insert", None, 20, None, None)], (20, SHUT))
    assert [replaced.at(number) for number in (5, 10, 20)] == [None, UNKNOWN, SHUT]
    gone = past_of([Logged("insert", None, 10, None, None)], None)
    assert [gone.at(number) for number in (5, 10)] == [None, None]


def test_each_change_of_a_calendar_is_a_version_of_the_rows_that_name_it() -> None:
    past = Past((10, 20, 40), (FREE, SHUT, None))
    states = [State(15, 1, NAMING), State(30, 1, raw()), State(50, 1, NAMING), State(60, 1, None)]
    line = list(line_of(states, calendars_named, {"office": past}))
    assert [(state.number, state.documents) for state in line] == [
        (15, (("office", FREE),)),
        (20, (("office", SHUT),)),
        (30, ()),
        (50, (("office", None),)),
        (60, ()),
    ]


def test_a_version_of_which_a_calendar_is_not_known_any_more_is_left_out() -> None:
    past = past_of([], (20, SHUT))
    line = list(line_of([State(10, 1, NAMING)], calendars_named, {"office": past}))
    assert line == [State(20, 1, NAMING, (("office", SHUT),))]
