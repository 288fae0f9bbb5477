import sys
from importlib import import_module
from signal import SIGINT
from time import perf_counter

import pytest
from click.testing import CliRunner

from beatd import __version__
from beatd.cli.commands import COMMANDS, beatd, module_of


def test_the_version_is_told(run):
    assert run("--version").out == f"beatd {__version__}\n"


def test_python_dash_m_is_the_same_command(run):
    assert run("--version", command=[sys.executable, "-m", "beatd"]).out == f"beatd {__version__}\n"


def test_help_names_every_command(run):
    ended = run("--help")
    assert ended.code == 0
    assert [name for name in COMMANDS if f"  {name} " not in ended.out] == []


def test_help_loads_no_command_and_is_quick(start):
    code = (
        "import sys\nfrom beatd.cli import main\nsys.argv[1:] = ['--help']\ntry: main()\nfinally: print(*sys.modules)"
    )
    started = perf_counter()
    with start("-c", code, command=[sys.executable]) as process:
        loaded = process.stdout.read().decode().splitlines()[-1].split()
    elapsed = perf_counter() - started
    assert {"sqlalchemy", "rich", "croniter", "astral", "beatd.config.load", "beatd.schedules"} & {*loaded} == set()
    # Far above what it takes, so that only an import that should not be there fails this on a busy machine.
    assert elapsed < 2


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_tells_what_the_command_itself_tells(name):
    command = import_module(module_of(name)).command
    assert command.help.splitlines()[0] == COMMANDS[name]
    assert beatd.get_command(None, name) is command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    ended = CliRunner().invoke(beatd, [name, "--help"])
    assert ended.exit_code == 0
    assert COMMANDS[name].split(".")[0][:40] in ended.output


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "completion"])
def test_help_teaches_with_examples(name):
    _, _, taught = CliRunner().invoke(beatd, [name, "--help"]).output.partition("Examples:")
    assert f"beatd {name}" in taught


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["chek"], "No such command 'chek'."),
        (["check", "--jsn"], "No such option '--jsn'."),
        (["explain"], "Missing argument 'TEXT...'"),
        (["next", "--count", "0"], "Invalid value for '-n' / '--count'"),
        (["runs", "--before", "yesterday"], "'yesterday' is no moment"),
        (["call", "x", "-k", "y"], "'y' is not KEY=VALUE"),
        (["run", "--no-worker", "--workers", "2"], "--no-worker and --workers exclude each other"),
        (
            ["run", "--no-worker", "--max-tasks-per-child", "2"],
            "--no-worker and --max-tasks-per-child exclude each other",
        ),
        (["worker", "--autoscale", "5,2"], "--autoscale: the smaller number comes first, got '5,2'; write \"2,5\""),
        (
            ["worker", "--max-memory-per-child", "200"],
            "--max-memory-per-child: '200' is less than any Python process takes",
        ),
        (["worker", "-c", "0"], "Invalid value for '-c'"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what(run, words, says):
    ended = run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


def test_a_reader_that_has_enough_is_no_error(start):
    with start("explain", "every 1s", "--count", "20000") as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_printed(run, shell):
    assert "_BEATD_COMPLETE" in run("completion", shell).out


def test_completion_offers_commands(run):
    ended = run(env={"_BEATD_COMPLETE": "bash_complete", "COMP_WORDS": "beatd ch", "COMP_CWORD": "1"})
    assert ended.out == "plain,check\n"


def test_run_with_nothing_to_run_tells_the_remedy(run):
    ended = run("run")
    assert (ended.code, ended.err) == (
        1,
        "error: schedule: there is no ./beatd.toml; give --schedule FILE, or write one: `beatd init`\n",
    )


def test_an_application_that_cannot_be_imported_ends_run_and_worker(run, write):
    write("tasks.py", "import nowhere_at_all\n")
    for command in ("run", "worker"):
        ended = run(command, "-A", "tasks")
        assert ended.code == 1
        assert ended.err.startswith("error: importing 'tasks' failed: ModuleNotFoundError: No module named 'nowhere_at")


def test_an_interrupted_command_ends_quietly(start, run, until):
    run("db", "upgrade")
    with start("call", "x.y", "--wait", "--timeout", "50") as process:
        until(lambda: run("status", "--json").json["queues"].get("celery", {}).get("ready"))
        process.send_signal(SIGINT)
        assert process.wait(20) == 130
        assert b"Traceback" not in process.stderr.read()
