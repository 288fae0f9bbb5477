import pytest


def by_key(ended):
    return {line["key"]: (line["value"], line["origin"]) for line in ended.lines}


def test_each_setting_tells_its_value_and_where_it_came_from(run, write, tmp_path):
    write("beatd.toml", '[beatd]\nlate_after = "90s"\nqueues = ["a", "b"]\n')
    found = by_key(run("config", "--namespace", "shop", "--json", env={"BEATD_POOL": "solo"}))
    assert found["namespace"] == ("shop", "command line")
    assert found["pool"] == ("solo", "BEATD_POOL")
    assert found["late_after"] == ("1m30s", "beatd.toml:2")
    assert found["queues"] == (["a", "b"], "beatd.toml:3")
    assert found["broker"] == (f"sqlite:///{tmp_path}/beatd.db", "default")


def test_people_read_a_table(run):
    lines = run("config").out.splitlines()
    assert lines[0].split() == ["SETTING", "VALUE", "FROM"]
    assert ["namespace", "beatd", "default"] in [line.split() for line in lines]


def test_secrets_are_not_shown(run, write):
    write("beatd.toml", "[beatd]\nallow_http = [{ env = 'SECRET' }]")
    ended = run("config", env={"SECRET": "https://token@example.com/*"})
    assert "token" not in ended.out
    assert ["allow_http", "***", "beatd.toml:2", "(env", "SECRET)"] in [line.split() for line in ended.out.splitlines()]


def test_what_app_says_lies_beneath_the_file(run, write):
    write("beatd.toml", "[beatd]\napp = 'tasks'\nqueue = 'file'")
    write("tasks.py", "from beatd import App\napp = App(namespace='shop', queue='app')\n")
    found = by_key(run("config", "--json"))
    assert (found["namespace"], found["queue"]) == (("shop", "App(...)"), ("file", "beatd.toml:3"))


def test_an_app_that_cannot_be_imported_is_a_warning(run):
    ended = run("config", "-A", "nowhere", "--app-dir", ".")
    assert ended.code == 0
    assert ended.err.startswith("warning: what App(...) says about settings is not known: no module named 'nowhere'")


@pytest.mark.parametrize("place", [["-b", "sqlite:////x.db", "config"], ["config", "--broker", "sqlite:////x.db"]])
def test_an_option_may_stand_before_or_behind_the_command(run, place):
    assert by_key(run(*place, "--json"))["broker"] == ("sqlite:////x.db", "command line")


def test_every_option_is_a_setting(run, write, tmp_path):
    write("src/a.py", "")
    said = {
        "-l": ("log_level", "DEBUG", "debug"),
        "--log-format": ("log_format", "json", "json"),
        "-c": ("workers", "3", 3),
        "-Q": ("queues", "a,b", ["a", "b"]),
        "-P": ("pool", "SOLO", "solo"),
        "--max-tasks-per-child": ("max_tasks_per_child", "100", 100),
        "--max-memory-per-child": ("max_memory_per_child", "200MB", 200_000_000),
        "--autoscale": ("autoscale", "2, 8", "2,8"),
        "-A": ("app", "a", ["a"]),
        "--app-dir": ("app_dir", "src", "src"),
        "--namespace": ("namespace", "shop", "shop"),
        "--results": ("results", "sqlite:///beatd.db", f"sqlite:///{tmp_path}/beatd.db"),
        "--state": ("state", "sqlite:///beatd.db", f"sqlite:///{tmp_path}/beatd.db"),
    }
    found = by_key(run("config", *(word for option, (_, text, _) in said.items() for word in (option, text)), "--json"))
    assert {key: found[key] for key, _, _ in said.values()} == {
        key: (value, "command line") for key, _, value in said.values()
    }


@pytest.mark.parametrize("option", ["--workers", "--concurrency", "-c"])
def test_the_number_of_children_has_three_names(run, option):
    assert by_key(run("config", option, "3", "--json"))["workers"] == (3, "command line")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-b", "mysql://u:secret@h"], "command line: --broker: 'mysql://u:***@h': mysql:// is not in this version; "),
        (["-P", "gevent"], "command line: --pool: 'gevent' is not in this version; use 'threads'"),
        (["-P", "eventlet"], "command line: --pool: 'eventlet' is not in this version; use 'threads'"),
        (["-P", "asyncio"], "command line: --pool: 'asyncio' is not in this version; use 'threads'"),
        (["-P", "thread"], "command line: --pool: must be 'prefork' or 'threads' or 'solo', got 'thread'"),
        (["--results", "mysql://h"], "command line: --results: 'mysql://h': mysql:// is not in this version; "),
        (["--config", "no.toml"], "no.toml: no such file; "),
        (["-l", "loud"], "command line: --log-level: must be 'debug' or "),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_on_one_line(run, words, says):
    ended = run("config", *words)
    code = 2 if says.startswith("command line") else 1
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert ended.err.startswith(f"error: {says}")


@pytest.mark.parametrize("number", ["0", "-1", "1025", "x", "1.5", ""])
@pytest.mark.parametrize("command", ["worker", "run"])
def test_a_number_of_children_that_cannot_be_is_wrong_usage(run, command, number):
    ended = run(command, "-c", number)
    assert (ended.code, ended.out) == (2, "")
    assert "Invalid value for '-c'" in ended.err
    assert "1<=x<=1024" in ended.err or "is not a valid integer" in ended.err


def test_the_same_mistake_in_the_environment_is_no_wrong_usage(run):
    assert run("config", env={"BEATD_POOL": "gevent"}).code == 1


def test_an_unknown_variable_is_told(run):
    ended = run("config", env={"BEATD_BROKR": "x"})
    assert ended.err == "error: BEATD_BROKR: unknown environment variable; did you mean 'BEATD_BROKER'?\n"


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_password_in_the_url_of_a_source_is_not_shown(run, write, words):
    write("a.toml", "")
    out = run("config", "-s", "postgresql://u:hidden@h/d", "-s", "a.toml", *words).out
    assert "hidden" not in out
    assert "postgresql://u:***@h/d" in out
    assert "a.toml" in out
