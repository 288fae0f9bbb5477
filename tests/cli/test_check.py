import pytest

GOOD = '[schedules.good]\nschedule = "every 5m"\ntask = "shop.good"\n'


def entry(*lines):
    return "\n".join(("[schedules.x]", 'task = "a.b"', *lines)) + "\n"


def test_a_good_file_is_said_to_be_good(run, write):
    write("beatd.toml", GOOD)
    ended = run("check")
    assert (ended.code, ended.out, ended.err) == (0, "1 entry: 0 wrong, 0 odd\n", "")
    assert (run("check", "beatd.toml", "--json").out, run("check", "-s", "beatd.toml").code) == ("", 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[beatd]\nqueue = ", "beatd.toml:2:9: not valid TOML: invalid value"),
        (entry('schedul = "every 5m"'), "beatd.toml:3: schedules.x.schedul: unknown key; did you mean 'schedule'?"),
        (
            entry('schedule = "every 5m"', 'timezone = "Europe/Berln"'),
            "beatd.toml:4: schedules.x.timezone: unknown time zone 'Europe/Berln'; did you mean",
        ),
        (entry('schedule = "0 25 * * *"'), "beatd.toml:3: schedules.x.schedule: bad schedule '0 25 * * *': "),
        (entry('schedule = "0 0 30 2 *"'), "beatd.toml:3: schedules.x.schedule: bad schedule '0 0 30 2 *': "),
        (entry('schedule = "every monday"'), "beatd.toml:3: schedules.x.schedule: bad schedule 'every monday': "),
        (entry('schedule = "@every 5m"'), "beatd.toml:3: schedules.x.schedule: bad schedule '@every 5m': "),
        (entry('schedule = "sunset 91 0"'), "beatd.toml:3: schedules.x.schedule: bad schedule 'sunset 91 0': "),
        (
            entry('schedule = "every 5m"', "kwargs = { at = 2026-01-01 }"),
            "beatd.toml:4: schedules.x.kwargs.at: is a date, which JSON does not have",
        ),
        (
            entry('schedule = "every 5m"', 'exclude = "dates soon"'),
            "beatd.toml:4: schedules.x.exclude: bad exclusion 'dates soon'",
        ),
        ("[beatd]\nbroker = 'redsi://h'\n" + GOOD, "beatd.toml:2: beatd.broker: 'redsi://h': unknown scheme 'redsi'"),
        ("[beatd]\nbrokr = 'x'\n" + GOOD, "beatd.toml:2: beatd.brokr: unknown key; did you mean 'broker'?"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(run, write, text, says):
    write("beatd.toml", text)
    ended = run("check")
    assert ended.code == 1
    assert ended.out.startswith(f"error: {says}")


@pytest.mark.parametrize("setting", ["broker = 'celery+redis://nohost'", "consumers = 'celery'"])
def test_an_entry_that_celerys_workers_would_leave_in_the_dark_is_wrong_before_it_runs(run, write, setting):
    write("beatd.toml", f"[beatd]\n{setting}\n{GOOD}" + entry('schedule = "@daily"', 'overlap = "skip"'))
    ended = run("check")
    assert ended.code == 1
    assert ended.out.startswith("error: beatd.toml:6: schedules.x.overlap: 'skip' needs to know when a message has")
    assert ended.out.endswith("2 entries: 1 wrong, 0 odd\n")


def test_everything_that_is_wrong_is_told_at_once(run, write):
    write("set/a.toml", entry('schedule = "every monday"') + GOOD)
    write("set/b.toml", "broken")
    write("set/c.toml", "\n" + GOOD)
    ended = run("check", "set", "--json")
    assert ended.code == 1
    assert [line["level"] for line in ended.lines] == ["error"] * 3
    assert [line["message"].split(": ")[0] for line in ended.lines] == [
        "set/b.toml:1:7",
        "set/c.toml:2",
        "set/a.toml:3",
    ] or [line["message"].split(": ")[0] for line in ended.lines] == ["set/b.toml:1:7", "set/a.toml:3", "set/c.toml:2"]
    assert "schedules.good: is already defined at set/a.toml:4" in ended.out


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (['schedule = "at 2020-01-01T12:00Z"'], "never fires again: its last moment was 2020-01-01T12:00:00Z"),
        (
            ['schedule = "every 5m"', 'ends_at = "2020-01-01T00:00Z"'],
            "never fires again: its last moment was 2019-12-31T23:55:00Z",
        ),
        (['schedule = "every 1w"'], "it fires Thursdays at 00:00 UTC; an offset or starts_at says otherwise"),
        (['schedule = "0 8 1 * mon"'], "fires on days that match the day of month or the day of week"),
        (['schedule = "0 8 */2 * mon"'], "fires on days that match both the day of month and the day of week"),
    ],
)
def test_what_is_odd_is_a_warning_and_no_failure(run, write, lines, says):
    write("beatd.toml", entry(*lines))
    ended = run("check")
    assert ended.code == 0
    assert ended.out.startswith("warning: beatd.toml:1: schedules.x: ")
    assert says in ended.out


def test_what_is_odd_about_the_set_is_told_with_its_place(run, write):
    write("set/a.toml", '[schedules.one]\ntask = "a.b"\nschedule = "every 5m"\n')
    write("set/b.toml", '\n[schedules.two]\ntask = "a.b"\nschedule = "*/5 * * * *"\n')
    ended = run("check", "set", "--json")
    assert ended.code == 0
    assert (ended.json["level"], ended.json["entry"]) == ("warning", "two")
    assert ended.json["message"].startswith(
        "set/b.toml:2: schedules.two: calls the same task with the same arguments as 'one', and both fire at "
    )


def test_a_crowd_is_told_once(run, write):
    write("beatd.toml", "".join(f'[schedules.e{n}]\ntask = "a.t{n}"\nschedule = "@daily"\n' for n in range(21)))
    ended = run("check")
    assert ended.out.startswith("warning: beatd.toml:1: schedules.e0: fires at ")
    assert "T00:00:00Z together with e1, e2, e3 and 17 more: 21 entries on one second" in ended.out
    assert ended.out.endswith("21 entries: 0 wrong, 1 odd\n")


def test_an_interval_with_a_start_is_not_odd(run, write):
    write("beatd.toml", entry('schedule = "every 1d"', 'starts_at = "2026-01-01T08:00"'))
    assert run("check").out == "1 entry: 0 wrong, 0 odd\n"


def test_entries_of_the_code_are_read_and_tasks_that_are_not_there_are_odd(run, write):
    write("beatd.toml", '[beatd]\napp = "tasks"\n[schedules.x]\nschedule = "every 5m"\ntask = "tasks.raport"\n')
    write(
        "tasks.py",
        'from beatd import periodic, task\n@task\ndef report(): ...\n@periodic("every 1m")\ndef tick(): ...\n',
    )
    ended = run("check")
    assert ended.code == 0
    assert "no task named 'tasks.raport' is in tasks; did you mean 'tasks.report'?" in ended.out
    assert ended.out.endswith("2 entries: 0 wrong, 1 odd\n")


def test_an_application_that_cannot_be_imported_is_told(run, write):
    write("beatd.toml", GOOD)
    ended = run("check", "-A", "nowhere")
    assert ended.code == 1
    assert "no module named 'nowhere'; looked in" in ended.out


def test_no_file_at_all_is_told(run):
    assert run("check").out.startswith("error: ./beatd.toml: no such file; name one, or `beatd init` writes it\n")
    assert run("check", "absent.toml").out.startswith("error: absent.toml: no such file")


def test_code_without_a_file_is_checked(run, write):
    write("mod.py", "from beatd import periodic\nprint('hello')\n@periodic('every 5m')\ndef f(): ...\n")
    ended = run("check", "-A", "mod")
    assert (ended.code, ended.out) == (0, "1 entry: 0 wrong, 0 odd\n")
    assert "hello" in ended.err


def test_a_name_cannot_steer_the_terminal(run, write):
    write("beatd.toml", '[schedules."a\\u001bb"]\nschedule = "every 5m"\ntask = "a.b"\n')
    ended = run("check")
    assert ended.code == 1
    assert "\x1b" not in ended.out


def test_what_is_wrong_beside_the_entries_is_counted_apart(run, write):
    calendars = "[calendars.a]\nclosd = []\n[calendars.b]\ncountry = 5\n"
    write("beatd.toml", calendars + entry('schedule = "every monday"') + GOOD)
    assert run("check").out.endswith("\n2 entries: 1 wrong, 0 odd; 2 errors beside them\n")
    write("beatd.toml", calendars.partition("[calendars.b]")[0] + GOOD)
    ended = run("check")
    assert ended.code == 1
    assert ended.out.endswith("\n1 entry: 0 wrong, 0 odd; 1 error beside them\n")


def test_an_entry_of_two_warnings_is_one_odd_entry(run, write):
    write("beatd.toml", entry('schedule = "*/7 */5 * * *"'))
    ended = run("check")
    assert ended.out.count("warning: ") == 2
    assert ended.out.endswith("\n1 entry: 0 wrong, 1 odd\n")


def test_a_broken_calendar_of_the_code_is_an_error(run, write):
    write(
        "tasks.py",
        "from beatd import App, periodic\napp = App('shop', calendars={'attic': 5})\n"
        "@periodic('every 5m')\ndef tick(): ...\n",
    )
    ended = run("check", "-A", "tasks")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out == (
        "error: tasks: App(calendars=...)['attic']: a calendar is a table, not 5\n"
        "1 entry: 0 wrong, 0 odd; 1 error beside them\n"
    )
