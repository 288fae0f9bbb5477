"""`beatd add`, `edit`, `remove` and `export`, on files and databases alike."""

import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beatd import ScheduleStore
from tests.cli.conftest import COMMAND, environment
from tests.cli.in_process import Beatd, in_empty_folder
from tests.servers.places import place_for_entries


@pytest.fixture
def beatd(capsys, monkeypatch, tmp_path) -> Beatd:
    return in_empty_folder(capsys, monkeypatch, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql", "toml"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from place_for_entries(request.param, tmp_path, "other.db")


def test_an_entry_with_every_field_is_added_told_and_removed(beatd, target):
    told = beatd(
        *("add", "x", "--to", target, "--task", "shop.add", "--schedule", "every 1h", "-s", "0 8 * * mon-fri"),
        *("--arg", "1", "--arg", "two", "-k", "a=[1]", "--headers", '{"h": 1}', "--exclude", "* 0-7 * * *"),
        *("--tag", "a", "--tag", "b", "--disabled", "--timezone", "Europe/Berlin", "--queue", "q", "--expires", "90"),
        *("--time-limit", "2m", "--soft-time-limit", "1m", "--starts-at", "2026-01-01T08:00", "--ends-at"),
        *("2030-01-01T00:00Z", "--grace", "1d", "--overlap-timeout", "1h", "--jitter", "5s", "--description", "d"),
        *("--priority", "3", "--max-runs", "9", "--catch-up-limit", "4", "--pause-after-failures", "2"),
        *("--misfire", "all", "--overlap", "skip", "--gap", "skip", "--fold", "both", "--business-days", "next"),
        "--json",
    )
    assert (told.code, told.err) == (0, "")
    row = told.json
    assert {key: row.pop(key) for key in ("changed_at", "next_fire_at", "last_fire_at", "run_count", "error")}
    assert row.pop("version")
    assert row == {
        "name": "x",
        "task": "shop.add",
        "schedule": "every 1h | 0 8 * * mon-fri",
        "args": [1, "two"],
        "kwargs": {"a": [1]},
        "headers": {"h": 1},
        "exclude": "* 0-7 * * *",
        "tags": ["a", "b"],
        "enabled": False,
        "timezone": "Europe/Berlin",
        "queue": "q",
        "expires": "90",
        "time_limit": "2m",
        "soft_time_limit": "1m",
        "starts_at": "2026-01-01T08:00",
        "ends_at": "2030-01-01T00:00Z",
        "grace": "1d",
        "overlap_timeout": "1h",
        "jitter": "5s",
        "description": "d",
        "priority": 3,
        "max_runs": 9,
        "catch_up_limit": 4,
        "pause_after_failures": 2,
        "misfire": "all",
        "overlap": "skip",
        "gap": "skip",
        "fold": "both",
        "business_days": "next",
        "source": ScheduleStore(target).name,
    }
    again = beatd("add", "x", "--to", target, "-t", "shop.add", "-s", "every 1h")
    assert again.code == 1
    assert "an entry named 'x' is in" in again.err
    assert beatd("remove", "x", "--from", target, "--json").json["task"] == "shop.add"
    gone = beatd("remove", "x", "--from", target)
    assert (gone.code, gone.err.startswith("error: no entry named 'x' in")) == (1, True)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--schedule", "every monday", "--schedule: bad schedule 'every monday'"),
        ("--task", " ", "--task: must be a name"),
        ("--timezone", "Berlin", "--timezone: unknown time zone"),
        ("--args", "{}", "--args: must be a list"),
        ("--args", "[1", "--args: is not JSON"),
        ("--kwargs", "[]", "--kwargs: must be a table"),
        ("--kwarg", "x", "is not KEY=VALUE"),
        ("--headers", '{"task": 1}', "--headers: is a header that the message sets itself"),
        ("--exclude", "never", "--exclude"),
        ("--queue", "", "--queue: must be a name"),
        ("--expires", "soon", "--expires: 'soon' is not a duration"),
        ("--time-limit", "0s", "--time-limit: must be a duration above 0"),
        ("--soft-time-limit", "-1", "--soft-time-limit"),
        ("--starts-at", "tomorrow", "--starts-at"),
        ("--ends-at", "2026-13-01", "--ends-at"),
        ("--grace", "1 day", "--grace"),
        ("--overlap-timeout", "x", "--overlap-timeout"),
        ("--jitter", "x", "--jitter"),
        ("--priority", "10", "--priority: must be a whole number from 0 to 9"),
        ("--priority", "x", "--priority"),
        ("--max-runs", "0", "--max-runs"),
        ("--catch-up-limit", "0", "--catch-up-limit"),
        ("--pause-after-failures", "-1", "--pause-after-failures"),
        ("--misfire", "x", "--misfire"),
        ("--overlap", "x", "--overlap"),
        ("--gap", "x", "--gap"),
        ("--fold", "x", "--fold"),
        ("--business-days", "x", "--business-days"),
    ],
)
def test_a_wrong_option_is_wrong_usage_and_named(beatd, tmp_path, option, value, told):
    given = {"--task": "shop.add", "--schedule": "every 1h", option: value}
    ended = beatd("add", "x", "--to", "p.toml", *(word for pair in given.items() for word in pair))
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert not (tmp_path / "p.toml").exists()


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201])
def test_a_wrong_name_is_wrong_usage(beatd, name):
    ended = beatd("add", name, "--to", "p.toml", "-t", "shop.add", "-s", "every 1h")
    assert ended.code == 2
    assert "for NAME: " in ended.err


@pytest.mark.parametrize("words", [["--arg", "1", "--args", "[]"], ["-k", "a=1", "--kwargs", "{}"]])
def test_arguments_are_given_in_one_way(beatd, words):
    ended = beatd("add", "x", "--to", "p.toml", "-t", "shop.add", "-s", "every 1h", *words)
    assert (ended.code, "not both" in ended.err) == (2, True)


def test_edits_are_set_and_put_back(beatd, target):
    beatd("add", "x", "--to", target, "-t", "shop.add", "-s", "every 1h", "--queue", "slow", "--arg", "1")
    told = beatd(
        *("edit", "x", "--in", target, "--set", "queue=", "--set", "schedule=0 8 * * *", "--set", 'kwargs={"a": 1}'),
        *("--set", "priority=4", "--set", "enabled=false", "--set", "max-runs=3", "--json"),
    )
    row = told.json
    assert (row["queue"], row["schedule"], row["kwargs"], row["priority"]) == (None, "0 8 * * *", {"a": 1}, 4)
    assert (row["enabled"], row["max_runs"], row["args"]) == (False, 3, [1])
    assert beatd("edit", "x", "--in", target, "--set", "priority=4").out.startswith("left as it was: x in ")
    assert beatd("edit", "x", "--in", target, "--set", "priority=5").out.startswith("changed x in ")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("queue", "'queue' is not FIELD=VALUE"),
        ("quee=x", "there is no field 'quee'; did you mean 'queue'?"),
        ("name=y", "there is no field 'name'"),
        ("priority=x", "--set priority: must be a whole number"),
        ("priority=10", "--set priority: must be a whole number from 0 to 9"),
        ("enabled=maybe", "must be true or false"),
        ("args=x", "--set args: is not JSON"),
        ("tags=[1]", "--set tags: must be a list of texts"),
        ("schedule=every monday", "bad schedule"),
        ("schedule=", "has no default"),
        ("grace=1 day", "--set grace"),
    ],
)
def test_a_wrong_assignment_is_wrong_usage(beatd, given, told):
    beatd("add", "x", "--to", "p.toml", "-t", "shop.add", "-s", "every 1h")
    before = Path("p.toml").read_bytes()
    ended = beatd("edit", "x", "--in", "p.toml", "--set", given)
    assert ended.code == 2
    assert told in ended.err
    assert Path("p.toml").read_bytes() == before
    twice = beatd("edit", "x", "--in", "p.toml", "--set", "queue=a", "--set", "queue=b")
    assert (twice.code, "given twice" in twice.err) == (2, True)


def test_nothing_to_change_without_a_terminal_is_wrong_usage(beatd):
    beatd("add", "x", "--to", "p.toml", "-t", "shop.add", "-s", "every 1h")
    ended = beatd("edit", "x", "--in", "p.toml")
    assert (ended.code, "--set FIELD=VALUE" in ended.err) == (2, True)


def test_of_two_editors_the_second_is_told(beatd, target):
    version = beatd("add", "x", "--to", target, "-t", "shop.add", "-s", "every 1h", "--json").json["version"]
    first = beatd("edit", "x", "--in", target, "--set", "queue=a", "--expected", version)
    second = beatd("edit", "x", "--in", target, "--set", "queue=b", "--expected", version)
    removing = beatd("remove", "x", "--from", target, "--expected", version)
    assert (first.code, second.code, removing.code) == (0, 1, 1)
    assert "entry 'x' was changed meanwhile" in second.err
    assert ScheduleStore(target).get("x").queue == "a"


def test_the_place_is_the_only_source_else_the_brokers_database(beatd):
    # Nothing is named: the broker is ./beatd.db.
    assert beatd("add", "x", "-t", "shop.add", "-s", "every 1h").out.endswith("/beatd.db\n")
    assert beatd("export").out.startswith("[schedules.x]\n")
    Path("beatd.toml").write_text('[schedules.y]\ntask = "t"\nschedule = "every 1h"\n')
    assert beatd("add", "z", "-t", "shop.add", "-s", "every 1h").out == "added z in beatd.toml\n"
    assert [*tomllib.loads(Path("beatd.toml").read_text())["schedules"]] == ["y", "z"]


def test_several_sources_are_told_with_the_choices_and_searched_for_a_name(beatd):
    Path("a.toml").write_text('[schedules.a]\ntask = "t"\nschedule = "every 1h"\n')
    Path("b.toml").write_text('[schedules.b]\ntask = "t"\nschedule = "every 1h"\n')
    Path("beatd.toml").write_text('[beatd]\nschedule = ["a.toml", "b.toml", "sqlite:///c.db", "celery:shop.app"]\n')
    told = beatd("add", "x", "-t", "shop.add", "-s", "every 1h")
    assert told.code == 2
    assert "there are several sources: give --to a.toml or --to b.toml or --to sqlite:///" in told.err
    assert beatd("edit", "b", "--set", "queue=q").out == "changed b in b.toml\n"
    assert beatd("remove", "a").out == "removed a from a.toml\n"
    nowhere = beatd("remove", "nowhere")
    assert (nowhere.code, "no entry named 'nowhere'" in nowhere.err) == (1, True)
    assert not Path("c.db").exists()
    Path("a.toml").write_text(Path("b.toml").read_text())
    twice = beatd("remove", "b")
    assert (twice.code, "'b' is in several sources: give --from a.toml or --from b.toml" in twice.err) == (2, True)


def test_a_name_that_no_file_has_is_looked_for_in_the_brokers_database(beatd):
    Path("beatd.toml").write_text('[schedules.a]\ntask = "t"\nschedule = "every 1h"\n')
    nowhere = beatd("edit", "row", "--set", "queue=q")
    assert (nowhere.code, "no entry named 'row' in beatd.toml" in nowhere.err) == (1, True)
    assert not Path("beatd.db").exists()
    assert beatd("add", "row", "-t", "t", "-s", "every 1h", "--to", "sqlite:///beatd.db").code == 0
    assert beatd("add", "a", "-t", "t", "-s", "every 1h", "--to", "sqlite:///beatd.db").code == 0
    assert beatd("edit", "row", "--set", "queue=q").out.endswith("/beatd.db\n")
    assert beatd("edit", "a", "--set", "queue=q").out == "changed a in beatd.toml\n"
    assert beatd("remove", "row").out.endswith("/beatd.db\n")


def test_where_nothing_can_be_edited_that_is_said(beatd):
    told = beatd("--broker", "redis://127.0.0.1:1", "add", "x", "-t", "t", "-s", "every 1h")
    assert (told.code, "no source is named, and that cannot be edited: give --to FILE.toml" in told.err) == (2, True)
    Path("beatd.toml").write_text('[beatd]\nschedule = "celery:shop.app"\n')
    told = beatd("add", "x", "-t", "t", "-s", "every 1h")
    assert (told.code, "the source is celery:shop.app" in told.err) == (2, True)
    told = beatd("add", "x", "-t", "t", "-s", "every 1h", "--to", "redis://:s3cret@h/0")
    assert (told.code, "s3cret" in told.err, "holds no table of entries" in told.err) == (1, False, True)


def test_what_only_reads_makes_no_database(beatd):
    for words in (["export"], ["remove", "x"], ["edit", "x", "--set", "queue=a"]):
        ended = beatd(*words)
        assert (ended.code, "no database at" in ended.err) == (1, True)
    assert not Path("beatd.db").exists()
    assert beatd("export", "--from", "none.toml").err == (
        "error: none.toml: no such file; `beatd init` writes one to begin with\n"
    )


NAMES = ["a.b", "o'neill", 'say "hi"', "x; DROP TABLE beatd_schedules; --", "näch tlich", "[x]", "a=b", "#", "\\"]


def test_what_is_exported_is_the_same_again(beatd, target, tmp_path):
    with ScheduleStore(target) as store:
        for number, name in enumerate(NAMES):
            store.add(
                name, "shop.add", "every 1h", description=name + "\n'''\"\"\"", kwargs={name: [name, 1.5, {"d": {}}]},
                tags=[name], enabled=bool(number % 2), grace=number, starts_at="2026-01-01T08:00",
            )  # fmt: skip
        entries = [*store.export()]
    text = beatd("export", "--from", target).out
    copy = tmp_path / "copy.toml"
    copy.write_text(text)
    assert beatd("check", str(copy)).code == 0
    with ScheduleStore(copy) as store:
        assert [*store.export()] == entries
    with ScheduleStore(f"sqlite:///{tmp_path}/copy.db") as store:
        store.add_many(ScheduleStore(copy).export())
        assert {store.put(entry) for entry in entries} == {"unchanged"}
    assert beatd("export", "a.b", "--from", target).out == beatd("export", "a.b", "--from", str(copy)).out
    assert beatd("export", "none", "--from", target).code == 1
    assert [line["name"] for line in beatd("export", "--json", "--from", target).lines] == sorted(NAMES)


def test_defaults_and_calendars_are_exported_with_the_entries(beatd):
    Path("beatd.toml").write_text(
        '[defaults]\nqueue = "q"\n[calendars.shop]\nclosed = ["sat"]\n'
        '[schedules.x]\ntask = "t"\nschedule = "every 1h"\nexclude = "calendar shop"\n'
    )
    found = tomllib.loads(beatd("export").out)
    assert found["schedules"]["x"]["queue"] == "q"
    assert found["calendars"]["shop"]["closed"] == ["sat"]


def test_what_toml_cannot_hold_is_told_and_the_rest_is_exported(beatd, tmp_path):
    url = f"sqlite:///{tmp_path}/beatd.db"
    with ScheduleStore(url) as store:
        store.add("a", "t", "every 1h", args=[None])
        store.add("b", "t", "every 1h")
    ended = beatd("export", "--from", url)
    assert ended.code == 1
    assert [*tomllib.loads(ended.out)["schedules"]] == ["b"]
    assert "left out: schedules.a.args[0]: is null, which TOML does not have" in ended.err


@pytest.fixture
def terminal(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run a command on a terminal, with an editor that runs a line of Python on the text."""

    def call(*words: str, editor: str, answer: str = "n\n") -> tuple[int, str]:
        script = tmp_path / "editor.py"
        script.write_text(f"import sys, pathlib\np = pathlib.Path(sys.argv[1])\nt = p.read_text()\n{editor}\n")
        mine, theirs = pty.openpty()
        os.write(mine, answer.encode())
        env = environment({"EDITOR": f"{sys.executable} {script}", "VISUAL": "", "TERM": "dumb"})
        process = subprocess.run(
            [*COMMAND, *words], cwd=tmp_path, env=env, stdin=theirs, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        os.close(mine)
        os.close(theirs)
        assert "Traceback" not in process.stderr, process.stderr
        return process.returncode, process.stdout + process.stderr

    return call


def test_an_entry_is_edited_as_toml_in_an_editor(terminal, target):
    with ScheduleStore(target) as store:
        store.add('a "b"', "shop.add", "every 1h", queue="slow", description="d")
        change = "p.write_text(t.replace('queue = \"slow\"\\n', '').replace('1h', '2h') + 'priority = 3\\n')"
        code, told = terminal("edit", 'a "b"', "--in", target, editor=change)
        assert (code, "changed" in told) == (0, True), told
        assert store.get('a "b"').fields() == {
            "task": "shop.add",
            "schedule": "every 2h",
            "description": "d",
            "priority": 3,
        }
        code, told = terminal("edit", 'a "b"', "--in", target, editor="p.write_text(t)")
        assert (code, "left as it was" in told) == (0, True), told


@pytest.mark.parametrize(
    ("editor", "told"),
    [
        ("p.write_text(t.replace('every 1h', 'every monday'))", "bad schedule"),
        ("p.write_text(t + '[[[')", "not valid TOML"),
        ("p.write_text(t.replace('schedules.x', 'schedules.y'))", "must be one table"),
        ("p.write_text(t + 'quee = 1')", "there is no field 'quee'"),
    ],
)
def test_what_is_wrong_in_an_editor_is_told_and_kept(terminal, tmp_path, editor, told):
    store = ScheduleStore(tmp_path / "p.toml")
    row = store.add("x", "shop.add", "every 1h")
    code, said = terminal("edit", "x", "--in", "p.toml", editor=editor)
    assert (code, told in said, "edit it again?" in said) == (1, True, True), said
    kept = Path(said.split("what you wrote is in ")[1].strip())
    assert "[schedules." in kept.read_text()
    kept.unlink()
    assert store.get("x") == row


def test_what_somebody_else_wrote_while_an_editor_was_open_stays(terminal, tmp_path):
    url = f"sqlite:///{tmp_path}/beatd.db"
    store = ScheduleStore(url)
    store.add("x", "shop.add", "every 1h")
    meanwhile = f"from beatd import ScheduleStore\nScheduleStore({url!r}).update('x', queue='theirs')\n"
    code, said = terminal("edit", "x", "--in", url, editor=meanwhile + "p.write_text(t + 'queue = \"mine\"\\n')")
    assert (code, "queue was None and is 'theirs'" in said) == (1, True), said
    assert store.get("x").queue == "theirs"
    Path(said.split("what you wrote is in ")[1].strip()).unlink()
