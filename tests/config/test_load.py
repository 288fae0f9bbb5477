from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beatd.config.load import load_settings
from beatd.config.settings import DAY, SECOND, Settings
from beatd.errors import DefinitionError, SettingsError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(
    options: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
    app: dict[str, Any] | None = None,
    config: str | None = None,
) -> Settings:
    return load_settings(options or {}, config_path=config, environ=environ or {}, app_settings=app)


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises((SettingsError, DefinitionError)) as caught:
        load(*args, **kwargs)
    return str(caught.value)


def write(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


def test_without_anything_the_defaults_hold(folder: Path) -> None:
    settings = load()
    assert settings.broker == f"sqlite:///{folder}/beatd.db"
    assert (settings.namespace, settings.timezone, settings.schedule) == ("beatd", "UTC", ())
    assert set(settings.origins.values()) == {"default"}


def test_each_layer_outweighs_the_one_below() -> None:
    write("beatd.toml", "[beatd]\nqueue = 'toml'\nnamespace = 'toml'\npool = 'solo'")
    settings = load(
        {"queue": "line"},
        {"BEATD_QUEUE": "env", "BEATD_NAMESPACE": "env"},
        {"queue": "app", "namespace": "app", "pool": "solo", "timezone": "Asia/Tokyo"},
    )
    assert (settings.queue, settings.namespace, settings.pool, settings.timezone) == (
        "line",
        "env",
        "solo",
        "Asia/Tokyo",
    )
    origins = settings.origins
    assert (origins["queue"], origins["namespace"]) == ("command line", "BEATD_NAMESPACE")
    assert (origins["pool"], origins["timezone"], origins["broker"]) == ("beatd.toml:4", "App(...)", "default")


def test_every_key_is_read_from_toml() -> None:
    write(
        "all.toml",
        """
        [beatd]
        schedule = ["a.toml", "more"]
        app = "tasks"
        broker = "sqlite:////var/b.db"
        results = "sqlite:////var/b.db"
        state = "sqlite:////var/b.db"
        namespace = "shop"
        timezone = "Europe/Berlin"
        queue = "q"
        queues = ["q", "slow"]
        workers = 3
        max_tasks_per_child = 100
        max_memory_per_child = "1.5GiB"
        autoscale = "2,8"
        pool = "solo"
        max_deliveries = 2
        drain_timeout = "10s"
        late_after = 90
        catch_up_rate = 5
        max_clock_skew = "1m"
        history = "exceptions"
        history_keep = "1d"
        history_max = 10
        result_expires = "2d"
        accept = ["json"]
        allow_shell = ["df *"]
        allow_http = ["https://example.com/*"]
        log_level = "debug"
        log_format = "json"
        """,
    )
    settings = load(config="all.toml")
    assert settings == Settings(
        schedule=("a.toml", "more"),
        app=("tasks",),
        broker="sqlite:////var/b.db",
        results="sqlite:////var/b.db",
        state="sqlite:////var/b.db",
        namespace="shop",
        timezone="Europe/Berlin",
        queue="q",
        queues=("q", "slow"),
        workers=3,
        max_tasks_per_child=100,
        max_memory_per_child=3 << 29,
        autoscale=(2, 8),
        pool="solo",
        max_deliveries=2,
        drain_timeout=10 * SECOND,
        late_after=90 * SECOND,
        catch_up_rate=5,
        max_clock_skew=60 * SECOND,
        history="exceptions",
        history_keep=DAY,
        history_max=10,
        result_expires=2 * DAY,
        accept=("json",),
        allow_shell=("df *",),
        allow_http=("https://example.com/*",),
        log_level="debug",
        log_format="json",
        origins=settings.origins,
    )


def test_environment_variables_are_text_numbers_and_lists() -> None:
    settings = load(
        environ={
            "BEATD_WORKERS": "3",
            "BEATD_QUEUES": "a, b",
            "BEATD_LATE_AFTER": "90",
            "BEATD_LOG_LEVEL": "INFO",
            "BEATD_APP_DIR": "src",
            "BEATD_NAMESPACE": "",
        }
    )
    assert (settings.workers, settings.queues, settings.late_after) == (3, ("a", "b"), 90 * SECOND)
    assert (settings.log_level, settings.app_dir, settings.namespace) == ("info", "src", "beatd")


def test_the_schedule_files_give_settings_where_there_is_no_config() -> None:
    write("beatd.toml", "[beatd]\nqueue = 'unread'")
    write("prod.toml", "[beatd]\napp = 'tasks'\n[schedules.x]")
    settings = load({"schedule": ("prod.toml",)})
    assert (settings.app, settings.queue, settings.schedule) == (("tasks",), "celery", ("prod.toml",))


def test_config_outweighs_the_schedule_files_and_the_working_directory() -> None:
    write("prod.toml", "[beatd]\nqueue = 'unread'")
    write("conf.toml", "[beatd]\nqueue = 'read'")
    assert load({"schedule": ("prod.toml",)}, config="conf.toml").queue == "read"
    assert load({"schedule": ("prod.toml",)}, {"BEATD_CONFIG": "conf.toml"}).queue == "read"


def test_a_beatd_toml_in_the_working_directory_is_the_default_source() -> None:
    write("beatd.toml", "[schedules.x]")
    assert load().schedule == ("beatd.toml",)


def test_paths_in_a_file_count_from_that_file(folder: Path) -> None:
    (folder / "etc").mkdir()
    write("etc/beatd.toml", "[beatd]\nschedule = 'set'")
    assert load(config="etc/beatd.toml").schedule == ("etc/set",)


def test_a_folder_of_files_gives_settings_together(folder: Path) -> None:
    (folder / "set").mkdir()
    write("set/a.toml", "[beatd]\nqueue = 'a'")
    write("set/b.toml", "[beatd]\nnamespace = 'b'")
    write("set/.hidden.toml", "nonsense")
    settings = load({"schedule": ("set",)})
    assert (settings.queue, settings.namespace) == ("a", "b")


def test_a_relative_database_counts_from_the_state_directory(folder: Path) -> None:
    assert (
        load(environ={"STATE_DIRECTORY": "/var/lib/beatd:/var/lib/other"}).broker == "sqlite:////var/lib/beatd/beatd.db"
    )
    assert load({"broker": "sqlite:///x/y.db"}).broker == f"sqlite:///{folder}/x/y.db"


def test_history_on_redis_is_of_exceptions_unless_told_otherwise() -> None:
    assert load({"broker": "redis://localhost/1"}).history == "exceptions"
    assert load({"broker": "celery+redis://localhost/1"}).history == "exceptions"
    assert load({"broker": "rediss://localhost/1", "history": "all"}).history == "all"
    assert load({"broker": "sqlite:///x.db"}).history == "all"


def test_values_may_stand_in_the_environment_or_in_another_file(folder: Path) -> None:
    write(
        "beatd.toml",
        "[beatd]\nnamespace = { env = 'NS' }\nbroker = { file = 'url' }\nallow_shell = [{ env = 'ALLOWED' }]",
    )
    write("url", "sqlite:////secret.db\n")
    settings = load(environ={"NS": "shop", "ALLOWED": "df *"})
    assert (settings.namespace, settings.broker, settings.allow_shell) == ("shop", "sqlite:////secret.db", ("df *",))
    assert settings.origins["namespace"] == "beatd.toml:2 (env NS)"
    assert settings.origins["broker"] == "beatd.toml:3 (file url)"


def test_what_kubernetes_puts_into_a_pod_is_not_a_setting() -> None:
    environ = {"BEATD_PORT": "tcp://10.0.0.1:80", "BEATD_SERVICE_HOST": "10.0.0.1", "BEATD_PORT_80_TCP": "x"}
    assert load(environ=environ).namespace == "beatd"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("brokr = 'x'", "beatd.toml:2: beatd.brokr: unknown key; did you mean 'broker'?"),
        ("workers = 0", "beatd.toml:2: beatd.workers: must be a whole number from 1 to 1024, got 0"),
        ("workers = '3'", "beatd.toml:2: beatd.workers: must be a whole number from 1 to 1024, got '3'"),
        ("late_after = 'soon'", "beatd.toml:2: beatd.late_after: 'soon' is not a duration"),
        (
            "namespace = 'a b'",
            "beatd.toml:2: beatd.namespace: must be 1 to 64 letters, digits, '_', '-' or '.', got 'a b'",
        ),
        (
            "history = 'al'",
            "beatd.toml:2: beatd.history: must be 'all' or 'exceptions' or 'none', got 'al'; did you mean 'all'?",
        ),
        ("log_level = 'loud'", "beatd.toml:2: beatd.log_level: must be 'debug' or"),
        ("timezone = 'Europe/Berln'", "beatd.toml:2: beatd.timezone: unknown time zone 'Europe/Berln'; did you mean"),
        (
            "pool = 'gevent'",
            "beatd.toml:2: beatd.pool: 'gevent' is not in this version; use 'threads', which need no patched libraries",
        ),
        (
            "pool = 'EventLet'",
            "beatd.toml:2: beatd.pool: 'EventLet' is not in this version; use 'threads', which need no patched",
        ),
        (
            "pool = 'asyncio'",
            "beatd.toml:2: beatd.pool: 'asyncio' is not in this version; use 'threads', which run `async def` tasks",
        ),
        ("pool = 'processes'", "beatd.toml:2: beatd.pool: 'processes' is not in this version; use 'prefork'"),
        ("pool = 'forks'", "beatd.toml:2: beatd.pool: must be 'prefork' or 'threads' or 'solo', got 'forks'"),
        (
            "accept = ['json', '']",
            "beatd.toml:2: beatd.accept: must be a name of 1 to 200 printable characters, got ''",
        ),
        ("dedup = 'x'", "beatd.toml:2: beatd.dedup: not in this version, got 'x'; leave it out"),
        ("consumers = 'node'", "beatd.toml:2: beatd.consumers: must be 'beatd' or 'celery', got 'node'"),
        ("dedup_window = '1h'", "beatd.toml:2: beatd.dedup_window: not in this version, got '1h'; leave it out"),
        ("app = 5", "beatd.toml:2: beatd.app: must be a name of 1 to 200 printable characters, got 5"),
        ("broker = { env = 'URL' }", "beatd.toml:2: beatd.broker: environment variable 'URL' is not set; set URL"),
        ("broker = { file = 'no' }", "beatd.toml:2: beatd.broker: file 'no' cannot be read: No such file or directory"),
        (
            "broker = { url = 'x' }",
            'beatd.toml:2: beatd.broker: must be a value, { env = "NAME" } or { file = "PATH" }',
        ),
        (
            "broker = 'redsi://h'",
            "beatd.toml:2: beatd.broker: 'redsi://h': unknown scheme 'redsi'; did you mean 'redis'?",
        ),
        (
            "broker = 'mysql://u:secret@h/0'",
            "beatd.toml:2: beatd.broker: 'mysql://u:***@h/0': mysql:// is not in this version; this version has sqlite",
        ),
        ("broker = 'kombu+sqs://'", "beatd.toml:2: beatd.broker: 'kombu+sqs://': kombu+sqs:// is not in this version"),
        (
            "broker = 'celery+amqp://h'",
            "beatd.toml:2: beatd.broker: 'celery+amqp://h': unknown scheme 'celery+amqp'; did you mean 'celery+redis'?",
        ),
        (
            "broker = 'postgresql+psycopg://h/d'",
            "beatd.toml:2: beatd.broker: 'postgresql+psycopg://h/d': postgresql+psycopg",
        ),
        ("broker = 'beatd.db'", "beatd.toml:2: beatd.broker: 'beatd.db' is no URL; for example sqlite:///beatd.db"),
        ("broker = 'redis:/u:secret@h'", "beatd.toml:2: beatd.broker: '***@h' is no URL; for example sqlite"),
        (
            "broker = 'sqlite://beatd.db'",
            "beatd.toml:2: beatd.broker: 'sqlite://beatd.db' names a host; write sqlite:///beatd.db",
        ),
        ("broker = 'sqlite:///'", "beatd.toml:2: beatd.broker: 'sqlite:///' names no file"),
        (
            "broker = 'sqlite:///b.db?mode=ro'",
            "beatd.toml:2: beatd.broker: 'sqlite:///b.db?mode=ro': a path may not hold",
        ),
        ("results = 'mysql://h'", "beatd.toml:2: beatd.results: 'mysql://h': mysql:// is not in this version"),
        (
            "state = 'sqlite:///other.db'",
            "beatd.toml:2: beatd.state: 'sqlite:///other.db' beside another broker is not in this version",
        ),
        (
            "schedule = 'redis://u:secret@h'",
            "beatd.toml:2: beatd.schedule: 'redis://u:***@h': entries are not read from redis://; name a TOML file",
        ),
        (
            "schedule = ['a.toml', 'mysql://u:secret@h/d']",
            "beatd.toml:2: beatd.schedule: 'mysql://u:***@h/d': mysql:// is not in this version",
        ),
        ("schedule = 'sqlite:///'", "beatd.toml:2: beatd.schedule: 'sqlite:///' names no file"),
    ],
)
def test_a_wrong_setting_is_named_by_file_line_and_key(line: str, says: str) -> None:
    write("beatd.toml", f"[beatd]\n{line}\n")
    assert refusal()[: len(says)] == says


@pytest.mark.parametrize("told", ["", ","])
def test_queues_that_are_none_are_not_the_default_one(told: str) -> None:
    with pytest.raises(SettingsError, match=r"^command line: --queues: names no queue; leave it out, or name one"):
        load({"queues": told})


def test_the_name_of_a_queue_has_an_end() -> None:
    with pytest.raises(SettingsError, match=r"^command line: --queues: must be a name of 1 to 200 print"):
        load({"queues": "mails," + "q" * 201})


@pytest.mark.parametrize("scheme", ["redis", "rediss", "celery+redis", "celery+rediss", "postgresql", "postgres"])
@pytest.mark.parametrize("password", ["sek@ret123#x", "123/45", "123?ret", "se@kret", "a@b/c"])
def test_a_password_that_is_not_percent_encoded_is_refused_and_no_part_of_it_is_shown(scheme, password) -> None:
    for user in ("", "user"):
        said = refusal(environ={"BEATD_BROKER": f"{scheme}://{user}:{password}@127.0.0.1/0"})
        assert said.startswith(f"BEATD_BROKER: '{scheme}://***': around an '@'")
        assert said.endswith("percent-encode those of a password: %40, %2F, %3F, %23")


@pytest.mark.parametrize("password", ["123#45", "se#kret", "1?a=b", "a@b/c?d=e"])
def test_a_redis_password_with_the_sign_of_a_fragment_or_a_query_is_refused(password) -> None:
    assert refusal(environ={"BEATD_BROKER": f"redis://:{password}@h/0"}).startswith("BEATD_BROKER: 'redis://***': ")


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://u:s%40e%2Fk%23r%3Fet@h:6379/0",
        "celery+rediss://:x@[::1]:6379/0?ssl_cert_reqs=none",
        "postgresql://u:s%40e#kret@h/d",
        "postgresql://h/d?user=me@server&password=x@y",
    ],
)
def test_a_url_whose_password_is_percent_encoded_stays_as_it_is(url: str) -> None:
    assert load(environ={"BEATD_BROKER": url}).broker == url


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"BEATD_BROKR": "x"}, "BEATD_BROKR: unknown environment variable; did you mean 'BEATD_BROKER'?"),
        ({"BEATD_WORKERS": "many"}, "BEATD_WORKERS: must be a whole number from 1 to 1024, got 'many'"),
        ({"BEATD_CONFIG": "no.toml"}, "no.toml: no such file; `beatd init` writes one to begin with"),
    ],
)
def test_a_wrong_environment_variable_is_named(environ: dict[str, str], says: str) -> None:
    assert refusal(environ=environ) == says


def test_a_wrong_value_in_a_lower_layer_is_told_too() -> None:
    write("beatd.toml", "[beatd]\nworkers = 0")
    assert "beatd.toml:2: beatd.workers" in refusal({"workers": 2})


def test_a_wrong_option_and_a_wrong_app_setting_are_named() -> None:
    assert refusal({"pool": "eventlet"}).startswith("command line: --pool: 'eventlet' is not in this version")
    assert refusal(app={"brokr": "x"}) == "App(...): brokr: unknown setting; did you mean 'broker'?"


def test_files_of_one_set_that_disagree_are_both_named(folder: Path) -> None:
    (folder / "set").mkdir()
    write("set/a.toml", "[beatd]\nqueue = 'a'")
    write("set/b.toml", "[beatd]\n\nqueue = 'b'")
    assert refusal({"schedule": ("set",)}) == (
        "set/b.toml:3: beatd.queue: differs from the one at set/a.toml:2; set it in one file only"
    )


def test_schedules_that_would_be_left_out_in_silence_are_refused() -> None:
    write("beatd.toml", "[beatd]\nschedule = 'more'\n[schedules.x]")
    assert refusal() == (
        "beatd.toml:2: beatd.schedule: names other files, so that the [schedules] of this one would not be read; "
        'add "beatd.toml" to the list, or move them'
    )


def test_broken_toml_is_named_by_file_line_and_column() -> None:
    write("beatd.toml", "[beatd]\nqueue = \n")
    assert refusal() == "beatd.toml:2:9: not valid TOML: invalid value"


def test_a_database_is_a_source_beside_files_and_counts_from_where_the_brokers_does(tmp_path) -> None:
    (tmp_path / "conf").mkdir()
    write("conf/beatd.toml", "[beatd]\nschedule = ['sqlite:///rows.db', 'postgres://u:pw@h/d', 'more.toml']\n")
    settings = load(config="conf/beatd.toml")
    assert settings.schedule == (f"sqlite:///{tmp_path}/rows.db", "postgresql://u:pw@h/d", "conf/more.toml")


def test_beside_a_database_the_settings_are_those_of_the_file_in_this_folder() -> None:
    write("beatd.toml", "[beatd]\nnamespace = 'shop'\n")
    assert load({"schedule": ["sqlite:///rows.db"]}).namespace == "shop"
