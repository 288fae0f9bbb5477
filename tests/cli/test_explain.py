import pytest


def test_json_is_the_canonical_text_and_the_fires_in_utc(run):
    ended = run(
        "explain",
        "0 8 * * mon-fri",
        "--timezone",
        "Europe/Berlin",
        "--after",
        "2026-03-27T12:00",
        "--count",
        "2",
        "--json",
    )
    assert ended.json == {
        "schedule": "0 8 * * mon-fri",
        "timezone": "Europe/Berlin",
        "fires": ["2026-03-30T06:00:00Z", "2026-03-31T06:00:00Z"],
    }


def test_people_read_both_clocks_and_what_daylight_saving_does(run):
    spring = run(
        "explain", "30 2 * * *", "--timezone", "Europe/Berlin", "--after", "2026-03-28T12:00", "--count", "1"
    ).out
    assert "Sun 2026-03-29 03:00:00 CEST" in spring
    assert "2026-03-29T01:00:00Z  the moment named does not exist" in spring
    autumn = run(
        "explain",
        "30",
        "2",
        "*",
        "*",
        "*",
        "--timezone",
        "Europe/Berlin",
        "--after",
        "2026-10-24T12:00",
        "--count",
        "1",
    ).out
    assert "this reading of the clock occurs twice; the first time" in autumn


def test_without_a_start_it_is_now(run):
    assert len(run("explain", "every 1s", "--json").json["fires"]) == 5


def test_a_moment_in_the_past_never_fires(run):
    assert (
        "it never fires after 2026-01-01T00:00:00Z"
        in run("explain", "at 2020-01-01T00:00", "--after", "2026-01-01T00:00").out
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [("every 1w", "it fires Thursdays at 00:00 UTC"), ("0 8 1 * mon", "match the day of month or the day of week")],
)
def test_what_the_text_does_not_tell_is_noted(run, text, says):
    assert says in run("explain", text).out


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("every monday", ["error: bad schedule 'every monday'", "0 0 * * mon"]),
        ("@every 5m", ["error: bad schedule '@every 5m'", "every 5m"]),
        ("61 * * * *", ["error: bad schedule '61 * * * *'", "61"]),
    ],
)
def test_a_wrong_schedule_is_told_on_one_line_with_the_right_one(run, text, parts):
    ended = run("explain", text)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert [part for part in parts if part not in ended.err] == []


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--timezone", "Europe/Berln", "unknown time zone 'Europe/Berln'; did you mean"),
        ("--after", "soon", "'soon' is no moment"),
    ],
)
def test_a_wrong_option_is_wrong_usage(run, option, value, says):
    ended = run("explain", "every 5m", option, value)
    assert ended.code == 2
    assert says in ended.err


def test_a_day_is_its_midnight_in_the_zone(run):
    ended = run("explain", "@hourly", "--timezone", "Europe/Berlin", "--after", "2026-03-28", "--count", "1", "--json")
    assert ended.json["fires"] == ["2026-03-28T00:00:00Z"]
