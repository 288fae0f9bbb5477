import subprocess
import sys
from contextlib import suppress
from time import process_time

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import parse
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.hints import ALIASES, suggestion
from beatd.schedules.text import _read


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * sun"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@Annually", "0 0 1 1 *"),
        ("cron 0 8 * * mon-fri", "0 8 * * mon-fri"),
        ("CRON 0 8 * * MON-FRI", "0 8 * * mon-fri"),
        ("  0   8 *\t* mon-fri ", "0 8 * * mon-fri"),
        ("* * * * * *", "* * * * * *"),
        ("h h * * *", "H H * * *"),
        ("H/15 * * * *", "H/15 * * * *"),
        ("H(0-29) 8 ? * 1-5", "H(0-29) 8 * * mon-fri"),
        ("h,30 * * * *", "30,H * * * *"),
        ("0 8 l * *", "0 8 L * *"),
        ("0 0 8 lw * ? 2026,2027,2028", "0 0 8 LW * * 2026-2028"),
        ("0 8 * * 5#2 | 0 8 15w * *", "0 8 * * fri#2 | 0 8 15W * *"),
        ("every 30s | 0 8 * * mon-fri", "every 30s | 0 8 * * mon-fri"),
    ],
)
def test_a_schedule_has_one_text(text, canonical):
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


@pytest.mark.parametrize(
    ("tried", "meant"),
    [
        ("every monday", "0 0 * * mon"),
        ("every tuesdays", "0 0 * * tue"),
        ("every monday at 8:30", "30 8 * * mon"),
        ("monday 8pm", "0 20 * * mon"),
        ("every weekday at 8", "0 8 * * mon-fri"),
        ("every day", "every 1d"),
        ("every day at 12:00 am", "0 0 * * *"),
        ("daily at 8:15", "15 8 * * *"),
        ("8:00", "0 8 * * *"),
        ("every 8:00", "0 8 * * *"),
        ("@every 5m", "every 5m"),
        ("@every 1h30m", "every 1h30m"),
        ("5m", "every 5m"),
        ("30", "every 30s"),
        ("1h 30m", "every 1h30m"),
        ("every 1h 30m", "every 1h30m"),
        ("every 5 minutes", "every 5m"),
        ("every 5min", "every 5m"),
        ("5 minutes", "every 5m"),
        ("every 1.5h", "every 1h30m"),
        ("every 30m1h", "every 1h30m"),
        ("every minute", "every 1m"),
        ("every second", "every 1s"),
        ("every hour", "every 1h"),
        ("every month", "@monthly"),
        ("every 1 month", "@monthly"),
        ("hourly", "@hourly"),
        ("monthly", "@monthly"),
        ("@dayly", "@daily"),
        ("evry 5m", "every 5m"),
        ("0 8 * *", "0 8 * * *"),
        ("2026-12-24T18:00", "at 2026-12-24T18:00"),
        ("2026-12-24T18:00Z", "at 2026-12-24T18:00Z"),
        ("at 2026-12-24", "at 2026-12-24T00:00"),
    ],
)
def test_what_people_try_is_refused_with_the_right_text(tried, meant):
    with pytest.raises(InvalidScheduleError) as caught:
        parse(tried)
    assert f"write {meant!r}" in str(caught.value)
    parse(meant)


@pytest.mark.parametrize(
    ("tried", "said"),
    [
        ("1M", "'every 1m' for a minute, '@monthly' for a month"),
        ("every 1M", "'every 1m' for a minute, '@monthly' for a month"),
        ("@reboot", "nothing fires because something starts"),
        ("@nonsense", "there is no alias '@nonsense'"),
        ("@daily 8:00", "@daily stands alone"),
        ("FREQ=DAILY", "write 'rrule FREQ=DAILY'"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO", "write 'rrule FREQ=WEEKLY;BYDAY=MO'"),
        ("DTSTART:20260101T170000 RRULE:FREQ=DAILY", "write it as in 'rrule DTSTART="),
        ("L 8 * * *", "minute 'L' has L, W or #, which stand in the day fields only"),
        ("٣ 8 * * *", "minute '٣'"),
        ("٣", "does not begin a schedule"),
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("run it now", "'run' does not begin a schedule"),
        ("-5 * * * *", "minute '-5'"),
        ("cron", "found 0"),
        ("0 8 * * mon tue wed thu", "found 8"),
    ],
)
def test_the_rest_is_refused_with_the_reason(tried, said):
    with pytest.raises(InvalidScheduleError) as caught:
        parse(tried)
    assert said in str(caught.value)


def test_a_very_long_text_is_refused_without_repeating_it():
    with pytest.raises(InvalidScheduleError, match="at most 10000 are read") as caught:
        parse(" | ".join(["0 8 * * *"] * 2000))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text",
    [
        "0 0 * * " + ",".join(["1#1"] * 2_490),
        "0 0 * * " + "1#1," * 2_490 + "x",
        "0 0 " + ",".join(f"{place % 31 + 1}W" for place in range(2_500)) + " * *",
        "0 0 0 1 1 * " + ",".join(f"{1970 + place % 130}-2099/2" for place in range(800)),
        ",".join(f"H({place % 50}-59)" for place in range(1_000)) + " * * * *",
        " | ".join(f"{place % 60} {place // 60} 29 2 &fri" for place in range(550)),
        " | ".join(f"H({place % 60}-59) H {place % 28 + 1} 2 *" for place in range(450)),
        " | ".join(f"0 0 0 29 2 &thu {1970 + place % 60}-2096" for place in range(340)),
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(text):
    assert 8_000 < len(text) <= 10_000
    # In processor time, which others on the machine do not lengthen; once more, should a collection have come between.
    times = []
    for _ in range(2):
        _read.cache_clear()
        read_field.cache_clear()
        start = process_time()
        with suppress(InvalidScheduleError):
            parse(text)
        times.append(process_time() - start)
    assert min(times) < 0.05


def test_digits_without_end_are_refused():
    for text in ("every " + "9" * 5000 + "s", "9" * 5000 + " * * * *", "sunset " + "9" * 5000 + " 0"):
        with pytest.raises(InvalidScheduleError):
            parse(text)


def test_an_error_keeps_text_reason_and_hint_apart():
    with pytest.raises(InvalidScheduleError) as caught:
        parse("every 5 minutes")
    assert caught.value.text == "every 5 minutes"
    assert caught.value.hint == "write 'every 5m'"
    assert "write" not in caught.value.reason


def test_every_alias_is_a_schedule():
    for alias, fields in ALIASES.items():
        assert parse(alias) == parse(fields)


def test_no_hint_where_the_meaning_is_not_plain():
    assert suggestion("when the cows come home") is None


def test_importing_schedules_loads_no_library_for_them():
    code = "import sys, beatd.schedules; print([n for n in ('croniter', 'astral', 'dateutil') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
