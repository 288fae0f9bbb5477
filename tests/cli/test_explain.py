import pytest

from tests.cli.in_process import Beatd


@pytest.fixture
def beatd(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Beatd(capsys, monkeypatch)


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


def test_the_schedule_is_told_in_plain_english(beatd):
    said = beatd("explain '*/15 9-17 * * mon-fri' --timezone Europe/Berlin --count 1").out.splitlines()
    assert said[:2] == [
        "*/15 9-17 * * mon-fri   in Europe/Berlin",
        "Every 15 minutes between 09:00 and 17:59 on Monday to Friday.",
    ]


def test_why_not_names_the_part_that_excludes_a_moment(beatd):
    said = beatd("explain '0,30 8 * * *' --timezone Europe/Berlin --count 1 --why-not 2026-03-31T08:31")
    assert said.out.splitlines()[-3:] == [
        "it does not fire at 2026-03-31 08:31:00 CEST",
        "  minute: minute is 31; the rule has 0, 30",
        "  nearest: 2026-03-31 08:30:00 CEST (before), 2026-04-01 08:00:00 CEST (after)",
    ]


def test_why_not_in_json_has_one_verdict_for_each_instant(beatd):
    said = beatd(
        "explain '30 2 * * *' --timezone Europe/Paris --after 2026-10-24 --count 1 --why-not 2026-10-25T02:30 --json"
    )
    assert list(said.json) == ["schedule", "timezone", "fires", "why_not"]
    first, second = said.json["why_not"]
    assert first == {
        "moment": "2026-10-25T00:30:00Z",
        "local": "2026-10-25T02:30:00",
        "fires": True,
        "reasons": [],
        "before": "2026-10-24T00:30:00Z",
        "after": "2026-10-26T01:30:00Z",
    }
    assert (second["fires"], second["reasons"][0]["part"], second["reasons"][0]["rule"]) == (False, "fold", None)


def test_why_not_a_reading_that_does_not_exist(beatd):
    said = beatd("explain '30 2 * * *' --timezone Europe/Paris --count 1 --why-not 2026-03-29T02:30").out
    assert "it does not fire at 2026-03-29 02:30:00\n  gap: 2026-03-29 02:30 does not exist in Europe/Paris" in said


def test_why_not_a_fire_says_so(beatd):
    said = beatd("explain '0 8 * * *' --count 1 --why-not 2026-03-31T08:00Z").out
    assert said.endswith("it fires at 2026-03-31 08:00:00 UTC\n")


def test_why_not_where_nothing_ever_fires_again_or_before(beatd):
    said = beatd("explain 'at 2026-03-31T08:00' --why-not 2026-03-31T09:00").out
    assert said.endswith("nearest: 2026-03-31 08:00:00 UTC (before)\n")


def test_the_terms_of_an_entry_can_be_given(beatd):
    common = "--after 2026-03-28T12:00 --timezone Europe/Paris --count 1 --json"
    assert beatd(f"explain '30 2 * * *' --gap skip {common}").json["fires"] == ["2026-03-30T00:30:00Z"]
    assert beatd(f"explain 'every 2h' --starts-at 2026-04-01T01:00 {common}").json["fires"] == ["2026-03-31T23:00:00Z"]
    assert beatd(f"explain '0 8 * * *' --ends-at 2026-03-29T00:00 {common}").json["fires"] == []
    assert beatd(
        "explain '30 2 * * *' --fold both --after 2026-10-25T00:30Z --timezone Europe/Paris --count 1 --json"
    ).json["fires"] == ["2026-10-25T01:30:00Z"]


def test_exclusions_and_business_days_can_be_given(beatd):
    said = beatd(
        "explain '0 8 * * *' --exclude 'dates 2026-03-30' --exclude '* * * * wed' --after 2026-03-29T12:00 "
        "--count 2 --json"
    )
    assert said.json["fires"] == ["2026-03-31T08:00:00Z", "2026-04-02T08:00:00Z"]
    said = beatd("explain '0 8 1 * *' --business-days next --after 2026-07-31T12:00 --count 1")
    assert "2026-08-03T08:00:00Z" in said.out
    assert "a fire on a Saturday or Sunday moves to the same time of the next open day" in said.out


def test_h_is_drawn_from_the_name(beatd):
    unnamed = beatd("explain 'H 3 * * *' --count 1").out
    assert "note: H draws from the entry's name; --name NAME shows what it draws" in unnamed
    named = beatd("explain 'H 3 * * *' --name backup --count 1").out
    assert "note: " not in named
    assert ", as H draws it from the name 'backup'." in named


SET = """
[beatd]
timezone = "Europe/Berlin"
[calendars.office]
closed = ["sat", "sun"]
dates = ["2026-12-24..2026-12-31"]
[schedules.report]
schedule = "0 8 * * *"
exclude = "calendar office"
task = "a.report"
[schedules.off]
schedule = "every 1h"
task = "a.off"
enabled = false
[schedules.broken]
schedule = "every monday"
task = "a.b"
"""


def test_an_entry_of_the_sources_is_explained_with_its_calendars(beatd, write):
    write("beatd.toml", SET)
    said = beatd("explain --entry report --after 2026-12-23T12:00 --count 1 --why-not 2026-12-24T08:00")
    assert said.code == 0
    assert "At 08:00; except on days that the calendar office closes." in said.out
    assert "2027-01-01T07:00:00Z" in said.out
    assert "exclude: 'calendar office' closes this day" in said.out


def test_a_calendar_of_the_sources_can_be_named(beatd, write):
    write("beatd.toml", SET)
    said = beatd("explain '0 8 * * *' --exclude 'calendar office' --after 2026-12-23T12:00 --count 1 --json")
    assert said.json["fires"] == ["2027-01-01T08:00:00Z"]


def test_an_entry_that_is_switched_off_is_explained_all_the_same(beatd, write):
    write("beatd.toml", SET)
    said = beatd("explain --entry off --count 2")
    assert said.out.endswith("note: the entry has enabled = false, so it does not fire\n")
    assert said.out.count("Z") == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("raport", "error: there is no entry 'raport'; did you mean 'report'?"),
        ("broken", "error: beatd.toml:16: schedules.broken.schedule: bad schedule 'every monday'"),
    ],
)
def test_an_entry_that_cannot_be_explained_is_told(beatd, write, name, says):
    write("beatd.toml", SET)
    said = beatd(f"explain --entry {name}")
    assert said.code == 1
    assert says in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("explain", "Missing argument 'TEXT...': give a schedule, or --entry NAME"),
        ("explain '@hourly' --entry x", "TEXT does not go with --entry"),
        ("explain --entry x --business-days next", "--business-days does not go with --entry"),
        ("explain --entry x --exclude @daily", "--exclude does not go with --entry"),
        ("explain @hourly --timezone Europe/Berln", "did you mean"),
        ("explain @hourly --after soon", "'soon' is no moment"),
        ("explain @hourly --count 0", "--count"),
        ("explain @hourly --why-not soon", "'soon' is no moment"),
        ("explain @hourly --why-not 2026-02-30", "is no moment"),
        ("explain @hourly --exclude 'dates soon'", "--exclude"),
        ("explain @hourly --exclude 'calendar nowhere'", "there is no calendar 'nowhere'"),
        ("explain @hourly --business-days monday", "--business-days"),
        ("explain @hourly --gap jump", "--gap"),
        ("explain @hourly --fold third", "--fold"),
        ("explain @hourly --name ''", "--name"),
        ("explain @hourly --starts-at soon", "--starts-at"),
        ("explain @hourly --ends-at 2026-02-30T00:00", "--ends-at"),
        ("explain @hourly --starts-at 2026-02-02T00:00 --ends-at 2026-02-01T00:00", "must be later than starts_at"),
    ],
)
def test_wrong_usage_names_the_option(beatd, words, says):
    said = beatd(words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_a_schedule_of_which_nothing_remains_is_refused(beatd):
    said = beatd("explain '0 8 1 1 *' --exclude '0 8 * * *'")
    assert said.code in {1, 2}
    assert "can never fire" in said.err


def test_what_h_draws_is_one_thing_throughout(beatd):
    said = beatd("explain 'H 3 * * *' --after 2026-11-21 --count 1 --json").json
    verdict = beatd("explain", "H 3 * * *", "--why-not", said["fires"][0], "--json").json["why_not"]
    assert [each["fires"] for each in verdict] == [True]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("explain --entry x -s absent.toml", "error: absent.toml: no such file"),
        ("explain --entry x", "there is no ./beatd.toml"),
        ("explain @hourly --exclude 'calendar x' -s absent.toml", "error: absent.toml: no such file"),
        ("explain 'at 2026-01-01T00:00' --starts-at 2027-01-01T00:00", "can never fire"),
        ("explain 'every monday' --exclude 'dates soon'", "bad schedule 'every monday'"),
    ],
)
def test_what_cannot_be_explained_is_told_on_one_line(beatd, words, says):
    said = beatd(words)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert says in said.err


OPTIONS = ["timezone", "after", "count", "why-not", "exclude", "business-days", "gap", "fold", "name", "starts-at"]
JUNK = ["", "\u00e9", "-1", "9" * 50, "2026-02-30T25:00", "calendar ", "dates ..", "| |", "rrule", "\x1b[31m"]


@pytest.mark.parametrize("option", [*OPTIONS, "ends-at"])
def test_no_value_of_an_option_is_more_than_wrong(beatd, option):
    for value in JUNK:
        said = beatd("explain", "@hourly", "--count", "1", f"--{option}", value)
        assert said.code in {0, 1, 2}
        assert said.code == 0 or said.out == ""
        assert "\x1b" not in said.out


@pytest.mark.parametrize("text", JUNK)
def test_no_text_is_more_than_wrong(beatd, text):
    said = beatd("explain", "--", text)
    assert said.code in {1, 2}
    assert (said.out, said.err.count("\n") > 0) == ("", True)


def test_a_fire_beyond_the_search_is_not_denied(beatd):
    far = "explain '0 8 * * *' --exclude 'dates 2000-01-01..2075-12-30' --after 2026-11-21"
    assert "\n  it does not fire within 40 years after 2026-11-21T00:00:00Z\n" in beatd(far).out
    then = beatd("explain '0 8 * * *' --exclude 'dates 2026-11-22..2075-12-30' --after 2026-11-21").out
    assert "\n  then it does not fire again within 40 years\n" in then
    assert beatd(f"{far.replace('2075', '2060')} --count 1 --json").json["fires"] == ["2060-12-31T08:00:00Z"]
    past = beatd("explain 'at 2026-11-22T08:00' --after 2026-11-21").out
    assert "\n  then it never fires again\n" in past
