import pytest

from beatd.stores.toml import TomlSource

CRONTAB = """\
MAILTO=ann@example.com
# Every night.
0 2 * * * /opt/backup.sh --full
*/5 * * * * /opt/poll
@reboot /opt/start
"""
PROJECT = """
from datetime import timedelta
from celery import Celery
from celery.schedules import crontab, schedule

app = Celery("proj", broker="redis://127.0.0.1/0")
app.conf.timezone = "Europe/Berlin"


class Odd(schedule):
    pass


app.conf.beat_schedule = {
    "poll": {"task": "proj.poll", "schedule": 30.0, "options": {"queue": "polls", "expires": 20, "priority": 3}},
    "report": {"task": "proj.report", "schedule": crontab(hour=8, minute=0, day_of_month="1-7", day_of_week="mon")},
    "hourly": {"task": "proj.hourly", "schedule": timedelta(hours=1), "relative": True, "kwargs": {"rows": [1, 2]}},
    "odd": {"task": "proj.odd", "schedule": Odd(60)},
    "lazy": {"task": "proj.lazy", "schedule": 60, "args": (dict,)},
}
"""


def names(path):
    return {draft.name: draft.entry for draft in TomlSource(path).load()}


def test_a_crontab_becomes_a_file_that_beatd_reads(run, write, tmp_path):
    write("crontab.txt", CRONTAB)
    ended = run("import", "crontab", "crontab.txt", "--timezone", "Europe/Berlin", "--to", "beatd.toml")
    assert ended.code == 0
    assert "backup.sh  0 2 * * *    Europe/Berlin  beatd.shell  added\n" in ended.out
    assert "note: " in ended.out
    assert "MAILTO is left out: nothing is mailed" in ended.out
    assert "crontab.txt:5: @reboot /opt/start: @reboot fires when the host starts" in ended.out
    assert ended.out.endswith("2 entries: 2 added; 1 left out; this is in beatd.toml\n")
    entries = names(tmp_path / "beatd.toml")
    assert set(entries) == {"backup.sh", "poll"}
    assert entries["backup.sh"].description == "Every night."
    assert run("check").code == 0


def test_importing_twice_changes_nothing(run, write, tmp_path):
    write("crontab.txt", CRONTAB)
    for target in ("beatd.toml", "sqlite:///beatd.db"):
        run("import", "crontab", "crontab.txt", "--to", target)
        before = (tmp_path / "beatd.toml").read_bytes()
        ended = run("import", "crontab", "crontab.txt", "--to", target, "--json")
        told = [line["outcome"] for line in ended.lines if line["kind"] == "entry"]
        assert told == ["unchanged", "unchanged"]
        assert (tmp_path / "beatd.toml").read_bytes() == before


def test_an_edit_of_the_original_changes_its_entry_alone(run, write):
    write("crontab.txt", CRONTAB)
    run("import", "crontab", "crontab.txt", "--to", "beatd.toml")
    write("crontab.txt", CRONTAB.replace("0 2 *", "0 3 *"))
    ended = run("import", "crontab", "crontab.txt", "--to", "beatd.toml")
    assert ended.out.endswith("2 entries: 1 changed, 1 unchanged; 1 left out; this is in beatd.toml\n")


def test_a_dry_run_prints_a_file_and_writes_none(run, write, tmp_path):
    write("crontab.txt", CRONTAB)
    ended = run("import", "crontab", "crontab.txt", "--dry-run", "--prefix", "web1-")
    _, _, text = ended.out.partition("\n\n")
    assert not (tmp_path / "beatd.toml").exists()
    write("shown.toml", text)
    assert set(names(tmp_path / "shown.toml")) == {"web1-backup.sh", "web1-poll"}
    aimed = run("import", "crontab", "crontab.txt", "--dry-run", "--to", "beatd.toml")
    assert "2 added; 1 left out; this would be in beatd.toml" in aimed.out
    assert not (tmp_path / "beatd.toml").exists()


def test_the_setting_for_the_worker_is_printed_alone(run, write):
    write("crontab.txt", CRONTAB)
    ended = run("import", "crontab", "crontab.txt", "--allow-shell", "--dry-run")
    assert ended.out.startswith("[beatd]\nallow_shell = [\n  \"/bin/sh -c '/opt/backup.sh --full'\",\n")


def test_it_must_be_said_where_to(run, write):
    write("crontab.txt", CRONTAB)
    ended = run("import", "crontab", "crontab.txt")
    assert ended.code == 2
    assert "say where to: --to beatd.toml" in ended.err


def test_a_wrong_line_makes_exit_1_and_the_rest_is_taken_over(run, write, tmp_path):
    write("crontab.txt", CRONTAB + "61 * * * * /opt/x\n")
    ended = run("import", "crontab", "crontab.txt", "--to", "beatd.toml")
    assert ended.code == 1
    assert "crontab.txt:6: 61 * * * * /opt/x: minute '61' is out of range 0-59" in ended.out
    assert len(names(tmp_path / "beatd.toml")) == 2


def test_what_is_no_crontab_is_refused_in_one_sentence(run, write, tmp_path):
    write("x.py", "import sys\n" * 5)
    ended = run("import", "crontab", "x.py", "--to", "beatd.toml")
    assert ended.code == 1
    assert ended.err.startswith("error: no entry could be read from ")
    assert "; and 2 more" in ended.err
    assert not (tmp_path / "beatd.toml").exists()
    (tmp_path / "b").write_bytes(b"\x7fELF\0\1")
    assert "holds a NUL byte" in run("import", "crontab", "b", "--to", "beatd.toml").err
    assert run("import", "crontab", "absent", "--to", "beatd.toml").code == 2
    assert run("import", "crontab", ".", "--to", "beatd.toml").code in (1, 2)


def test_thousands_of_wrong_lines_are_counted_not_listed(run, write):
    write("crontab.txt", "0 1 * * * /opt/x\n" + "61 * * * * /opt/x\n" * 5000)
    ended = run("import", "crontab", "crontab.txt", "--to", "beatd.toml")
    assert "... and 4900 more of these; --json prints all" in ended.out
    assert len(ended.out.splitlines()) < 130
    assert len(run("import", "crontab", "crontab.txt", "--to", "beatd.toml", "--json").lines) > 5000


def test_a_celery_project_is_taken_over(run, write, tmp_path):
    write("proj.py", PROJECT)
    ended = run("import", "celery", "proj", "--to", "beatd.toml")
    assert ended.code == 1  # two of them cannot be entries
    assert "left out: celery:proj: beat_schedule['odd']: odd: schedule: is a proj.Odd, whose is_due only" in ended.out
    assert "lazy: args[0]: is a type, which Celery's beat calls with each message" in ended.out
    assert "note: intervals count from 1970-01-01 UTC" in ended.out
    entries = names(tmp_path / "beatd.toml")
    assert set(entries) == {"poll", "report", "hourly"}
    assert (entries["poll"].queue, entries["poll"].expires, entries["poll"].priority) == ("polls", 20_000_000, 6)
    assert (entries["report"].schedule, entries["report"].timezone) == ("0 8 1-7 * &mon", "Europe/Berlin")
    assert (entries["hourly"].schedule, entries["hourly"].kwargs) == ("0 * * * *", {"rows": [1, 2]})
    again = run("import", "celery", "proj", "--to", "beatd.toml")
    assert "3 entries: 3 unchanged; 2 left out" in again.out


def test_what_the_file_holds_is_what_the_project_as_a_source_gives(run, write, tmp_path):
    write("proj.py", PROJECT)
    run("import", "celery", "proj", "--to", "beatd.toml")
    fires = ["--count", "30", "--after", "2026-11-21", "--json"]
    by_source = run("next", "--schedule", "celery:proj", *fires)
    assert by_source.lines == run("next", "--schedule", "beatd.toml", *fires).lines


def test_a_project_that_cannot_be_imported_is_one_sentence(run, write):
    write("proj.py", "import absent_module\n")
    ended = run("import", "celery", "proj", "--to", "beatd.toml")
    assert (ended.code, ended.out) == (1, "")
    assert "absent_module" in ended.err
    assert run("import", "celery", "absent", "--to", "beatd.toml").code == 1
    assert run("import", "celery", "a b", "--to", "beatd.toml").code == 2


def test_a_file_of_ours_goes_into_a_database(run, write, tmp_path):
    write("a.toml", '[defaults]\nqueue = "q"\n[schedules.x]\nschedule = "every 1h30m"\ntask = "t"\nexpires = 90\n')
    done = run("import", "a.toml", "--to", "sqlite:///s.db").out
    assert done.endswith(f"1 entry: 1 added; this is in {tmp_path}/s.db\n")
    assert "1 entry: 1 unchanged" in run("import", "a.toml", "--to", "sqlite:///s.db").out
    assert run("edit", "x", "--in", "sqlite:///s.db", "--set", "priority=1").out.endswith(f" in {tmp_path}/s.db\n")


def test_what_is_exported_goes_into_another_database_as_the_same_rows(run, write):
    calendar = '[calendars.de]\nclosed = ["sat", "sun"]\ndates = ["2026-12-24..2026-12-26"]\n'
    entries = '[schedules.x]\nschedule = "0 9 * * *"\ntask = "t"\nexclude = "calendar de"\njitter = "90s"\n'
    entries += (
        '[schedules."a b"]\nschedule = ["every 1h30m", "0 8 * * mon"]\ntask = "t"\nkwargs = { a = [1, { b = 2 }] }\n'
    )
    write("a.toml", calendar + entries)
    assert "the calendar 'de': added" in run("import", "a.toml", "--to", "sqlite:///one.db").out
    assert "the calendar 'de': unchanged" in run("import", "a.toml", "--to", "sqlite:///one.db").out
    exported = run("export", "--from", "sqlite:///one.db").out
    write("b.toml", exported)
    assert "2 entries: 2 added" in run("import", "b.toml", "--to", "sqlite:///two.db", "--prefix", "").out
    assert run("export", "--from", "sqlite:///two.db").out == exported
    write("a.toml", calendar.replace("sat", "fri") + entries)
    assert "the calendar 'de': changed" in run("import", "a.toml", "--to", "sqlite:///one.db").out


def test_of_a_file_of_ours_what_is_wrong_stays_behind(run, write):
    write(
        "a.toml", '[schedules.x]\nschedule = "every 1h"\ntask = "t"\n[schedules.y]\nschedule = "evry 1h"\ntask = "t"\n'
    )
    ended = run("import", "a.toml", "--to", "sqlite:///s.db")
    assert ended.code == 1
    assert "left out: a.toml:5: y: schedule: " in ended.out
    assert "1 entry: 1 added; 1 left out" in ended.out
    assert run("import", "absent.toml", "--to", "sqlite:///s.db").code == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("priority = 99", "a.toml:7: clean-up: priority: must be"),
        ('"a: b.toml:3: c" = 1', "a.toml:4: clean-up: a: b.toml:3: c: "),
        ("[schedules.clean-up.backup]", "a.toml:7: clean-up: backup: unknown key"),
    ],
)
def test_the_place_of_what_is_wrong_is_named_once(run, write, line, said):
    good = 'schedule = "every 1h"\ntask = "t"\n'
    write("a.toml", f"[schedules.x]\n{good}[schedules.clean-up]\n{good}{line}\n")
    out = run("import", "a.toml", "--dry-run").out
    assert f"left out: {said}" in out
    assert out.count("a.toml:") == 1


def test_of_many_entries_the_first_are_told(run, write):
    good = "".join(f'[schedules.e{number:03}]\nschedule = "every 1h"\ntask = "t"\n' for number in range(130))
    write("a.toml", good)
    out = run("import", "a.toml", "--to", "sqlite:///s.db").out
    assert sum(line.endswith("  added") for line in out.splitlines()) == 100
    assert "\n... and 30 more of these; --json prints all\n" in out
    lines = run("import", "a.toml", "--to", "sqlite:///s.db", "--json").out.splitlines()
    assert sum('"kind":"entry"' in line for line in lines) == 130


def test_a_password_is_not_shown(run, write):
    write("a.toml", '[schedules.x]\nschedule = "every 1h"\ntask = "t"\n')
    for words in (
        ("import", "a.toml", "--to", "postgresql://ann:s3cret@127.0.0.1:1/x"),
        ("import", "django-celery-beat", "postgresql://ann:s3cret@127.0.0.1:1/x", "--dry-run"),
    ):
        ended = run(*words)
        assert ended.code == 1
        assert "s3cret" not in ended.out + ended.err
        assert "127.0.0.1" in ended.err


def test_rows_whose_zones_do_not_hold_need_one_that_does(run):
    ended = run("import", "django-celery-beat", "sqlite:///db.sqlite3", "--no-tz-aware", "--dry-run")
    assert (ended.code, "--no-tz-aware needs --timezone ZONE" in ended.err) == (2, True)


def test_names_that_a_prefix_makes_too_long_stay_behind(run, write):
    write("crontab.txt", CRONTAB)
    ended = run("import", "crontab", "crontab.txt", "--dry-run", "--prefix", "x" * 195)
    assert ended.code == 1
    assert "a name has 1 to 200 printable characters" in ended.out
