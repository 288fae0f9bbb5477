import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from beatd.app.app import App
from beatd.app.binding import use_settings
from beatd.app.discover import code_entries, import_apps
from beatd.config.settings import Settings
from beatd.core.registry import REGISTRY
from beatd.errors import AppImportError, SettingsError

Write = Callable[[str, str], Path]
UTC = Settings(timezone="UTC")


def test_a_module_is_imported_from_the_app_folder_first(write: Write, tmp_path: Path) -> None:
    write(
        "proj/found_here.py", "from beatd import App, task\napp = App('one')\nother = App('two')\n@task\ndef f(): ...\n"
    )
    assert [app.name for app in import_apps(["found_here"], str(tmp_path / "proj"))] == ["one", "two"]
    assert sys.path[0] == str(tmp_path / "proj")
    assert "found_here.f" in REGISTRY.tasks


def test_a_module_may_hold_no_app(write: Write, tmp_path: Path) -> None:
    write("plain_tasks.py", "from beatd import task\n@task\ndef f(): ...\n")
    assert import_apps(["plain_tasks"], str(tmp_path)) == []
    assert "plain_tasks.f" in REGISTRY.tasks


def test_one_app_may_be_named(write: Write, tmp_path: Path) -> None:
    write("two_apps.py", "from beatd import App\none = App('one')\ntwo = App('two')\n")
    assert [app.name for app in import_apps(["two_apps:two"], str(tmp_path))] == ["two"]
    assert len(import_apps(["two_apps:two", "two_apps"], str(tmp_path))) == 2
    with pytest.raises(AppImportError, match="two_apps:app is not there; it has two_apps:one, two_apps:two"):
        import_apps(["two_apps:app"], str(tmp_path))
    with pytest.raises(AppImportError, match="two_apps:App is no App; it has two_apps:one, two_apps:two"):
        import_apps(["two_apps:App"], str(tmp_path))


def test_an_attribute_of_a_module_without_apps_says_what_to_write(write: Write, tmp_path: Path) -> None:
    write("no_apps.py", "")
    with pytest.raises(AppImportError, match=r"no_apps:app is not there; it has no App; write app = App\(\)"):
        import_apps(["no_apps:app"], str(tmp_path))


def test_a_missing_module_says_where_it_was_looked_for(write: Write, tmp_path: Path) -> None:
    write("tasks.py", "")
    write("shop/__init__.py", "")
    with pytest.raises(AppImportError) as caught:
        import_apps(["taks"], str(tmp_path))
    assert str(caught.value) == (
        f"no module named 'taks'; looked in {tmp_path} (which has shop, tasks) and the rest of the Python path"
    )
    with pytest.raises(AppImportError, match=r"no module named 'shop\.mail'"):
        import_apps(["shop.mail"], str(tmp_path))


def test_a_file_name_is_no_module_name(tmp_path: Path) -> None:
    with pytest.raises(AppImportError, match=r"'shop/tasks.py' is no module name; .* such as 'shop.tasks'"):
        import_apps(["shop/tasks.py"], str(tmp_path))
    with pytest.raises(AppImportError, match="'' is no module name"):
        import_apps([""], str(tmp_path))


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("def f():\n    raise ValueError('no key')\nf()\n", "ValueError: no key", 2),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3", 2),
        ("import not_installed_here\n", "ModuleNotFoundError: No module named 'not_installed_here'", 1),
        ("x = (\n", "SyntaxError: '(' was never closed", 1),
        ("from beatd import task\ntask(nmae='x')\n", "TypeError: @task got an unexpected keyword argument 'nmae'", 2),
    ],
)
def test_the_users_own_error_is_told_with_its_line(
    write: Write, tmp_path: Path, text: str, words: str, line: int
) -> None:
    path = write("broken_app.py", text)
    with pytest.raises(AppImportError) as caught:
        import_apps(["broken_app"], str(tmp_path))
    assert words in str(caught.value)
    assert f"{path}:{line}" in str(caught.value)
    assert "beatd/app" not in str(caught.value)
    assert "importlib" not in str(caught.value)


def test_settings_of_the_command_line_hold_for_every_app(write: Write, tmp_path: Path) -> None:
    write("own_broker.py", "from beatd import App\napp = App('one', broker='sqlite:////tmp/own.db')\n")
    [app] = import_apps(["own_broker"], str(tmp_path), Settings(broker="sqlite:////tmp/given.db"))
    assert app.settings.broker == "sqlite:////tmp/given.db"
    use_settings(None)
    assert app.settings.broker == "sqlite:////tmp/own.db"


# ---------------------------------------------------------------- entries


def test_entries_of_decorators_and_apps_become_drafts(write: Write, tmp_path: Path) -> None:
    path = write(
        "declared.py",
        "from datetime import timedelta\n"
        "from beatd import App, crontab, periodic, every\n"
        "app = App('shop', timezone='Europe/Berlin', queue='shop')\n"
        "@periodic('0 8 * * mon-fri', kwargs={'x': 1}, grace='1h')\n"
        "def report(x): ...\n"
        "@app.task(queue='mail')\n"
        "def mail(): ...\n"
        "app.conf.beat_schedule = {\n"
        "    'number': {'task': 'declared.mail', 'schedule': 30.0, 'args': (1, 2), 'options': {'queue': 'q',\n"
        "               'priority': 3, 'expires': 15}},\n"
        "    'delta': {'task': 'x', 'schedule': timedelta(minutes=5)},\n"
        "    'cron': {'task': 'x', 'schedule': crontab(hour=8, minute=0, day_of_week='mon-fri')},\n"
        "    'text': {'task': mail, 'schedule': 'every 10m', 'timezone': 'UTC', 'misfire': 'all'},\n"
        "}\n"
        "app.add_periodic_task(10, mail.s(1, y=2), name='added')\n",
    )
    drafts = {draft.name: draft for draft in code_entries(import_apps(["declared"], str(tmp_path)))}
    assert {name: draft.error for name, draft in drafts.items()} == dict.fromkeys(drafts)
    entries = {name: draft.entry for name, draft in drafts.items() if draft.entry}
    report = entries["declared.report"]
    assert (report.schedule, report.timezone, report.kwargs, report.queue, report.grace) == (
        "0 8 * * mon-fri",
        "Europe/Berlin",
        {"x": 1},
        "shop",
        3_600_000_000,
    )
    assert drafts["declared.report"].place == f"declared.report ({path}:4)"
    number = entries["number"]
    assert (number.schedule, number.args, number.queue, number.priority, number.expires) == (
        "every 30s",
        [1, 2],
        "q",
        3,
        15_000_000,
    )
    assert entries["delta"].schedule == "every 5m"
    assert entries["cron"].schedule == "0 8 * * mon-fri"
    assert (entries["text"].task, entries["text"].timezone, entries["text"].misfire) == ("declared.mail", "UTC", "all")
    added = entries["added"]
    assert (added.task, added.schedule, added.args, added.kwargs) == ("declared.mail", "every 10s", [1], {"y": 2})


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"task": "t", "schedule": "every monday"}, "schedule: "),
        ({"task": "t"}, "schedule: is missing"),
        ({"schedule": 30}, "task: is missing"),
        ({"task": "t", "schedule": 30, "shedule": 1}, "shedule: unknown key; did you mean 'schedule'?"),
        ({"task": "t", "schedule": 30, "options": {"que": "x"}}, "options.que: unknown key; known: queue"),
        ({"task": "t", "schedule": 30, "options": {"misfire": "x"}}, "it stands beside 'task', not in 'options'"),
        ({"task": "t", "schedule": 30, "queue": "a", "options": {"queue": "b"}}, "is given beside 'task' too"),
        ({"task": "t", "schedule": 30, "options": 5}, "options: must be a dict"),
        ({"task": "t", "schedule": 30, "relative": True}, "relative: is not needed"),
        ({"task": "t", "schedule": 30, "args": [{1}]}, "args[0]: "),
        ("every 5m", "an entry must be a dict with 'task' and 'schedule'"),
        ({"task": "t", "schedule": 1e-4}, "schedule: "),
        ({"task": "t", "schedule": 5, "exclude": "calendar office"}, "exclude: bad exclusion 'calendar office': there"),
        ({"task": "t", "schedule": 5, "exclude": 60}, "exclude: must be text such as"),
        ({"task": "t", "schedule": 5, "business_days": "on"}, "business_days: must be 'next' or"),
        ({"task": "t", "schedule": 5, "options": {"exclude": "@daily"}}, "it stands beside 'task', not in 'options'"),
    ],
)
def test_a_bad_entry_becomes_a_draft_with_its_error(raw: object, words: str) -> None:
    app = App("shop")
    app.conf.beat_schedule = {"bad": raw, "good": {"task": "t", "schedule": 5}}  # type: ignore[dict-item]  # the mistake under test
    bad, good = code_entries([app], UTC)
    assert bad.entry is None
    assert bad.error is not None
    assert bad.error.startswith("shop.conf.beat_schedule['bad']: ")
    assert words in bad.error
    assert good.error is None


def test_entries_in_code_may_name_the_calendars_of_the_app(write: Write, tmp_path: Path) -> None:
    write(
        "with_calendars.py",
        "from beatd import App, crontab, periodic\n"
        "app = App('shop', calendars={'office': {'closed': ('sat', 'sun')}})\n"
        "@periodic('0 8 * * *', exclude=['calendar office', crontab(minute='*', hour=7)], business_days='next')\n"
        "def report(): ...\n"
        "app.conf.beat_schedule = {'x': {'task': 't', 'schedule': 5, 'exclude': 'calendar office'}}\n",
    )
    drafts = code_entries(import_apps(["with_calendars"], str(tmp_path)), UTC)
    entries = [draft.entry for draft in drafts if draft.entry]
    assert [entry.exclude for entry in entries] == ["calendar office | * 7 * * *", "calendar office"]
    assert [entry.business_days for entry in entries] == ["next", None]
    assert [entry.calendars for entry in entries] == [{"office": {"closed": ["sat", "sun"]}}] * 2


def test_a_calendar_in_code_that_cannot_be_used_breaks_the_entries_that_name_it() -> None:
    app = App("shop", calendars={"office": {"closd": ["sat"]}, "attic": 5})  # type: ignore[dict-item]  # the mistake
    app.conf.beat_schedule = {
        "bad": {"task": "t", "schedule": 5, "exclude": "calendar office"},
        "good": {"task": "t", "schedule": 5},
    }
    with pytest.warns(UserWarning, match="a calendar cannot be used") as told:
        bad, good = code_entries([app], UTC)
    assert bad.error is not None
    assert bad.error.startswith(
        "shop.conf.beat_schedule['bad']: exclude: calendar 'office' cannot be used: "
        "App(calendars=...)['office']['closd']: unknown key"
    )
    assert good.error is None
    assert str(told[1].message) == (
        "a calendar cannot be used: App(calendars=...)['attic']: a calendar is a table, not 5"
    )


def test_calendars_that_are_no_tables_by_name_are_refused_where_the_app_is_made() -> None:
    with pytest.raises(SettingsError) as caught:
        App("shop", calendars=["x"])  # type: ignore[arg-type]  # the mistake
    assert str(caught.value) == (
        "App(calendars=...): must be tables by name, got ['x']; "
        'write calendars={"office": {"closed": ["sat", "sun"]}}'
    )


def test_two_apps_may_define_one_calendar_but_not_in_two_ways() -> None:
    one, same, other = (App(calendars={"office": {"closed": [day]}}) for day in ("sat", "sat", "sun"))
    assert code_entries([one, same], UTC) == []
    with pytest.raises(ValueError, match="two apps define the calendar 'office' in two ways; rename one of them"):
        code_entries([one, other], UTC)


def test_a_bad_periodic_names_the_function(write: Write, tmp_path: Path) -> None:
    path = write("bad_periodic.py", "from beatd import periodic\n@periodic('0 25 * * *')\ndef f(): ...\n")
    import_apps(["bad_periodic"], str(tmp_path))
    [draft] = code_entries([], UTC)
    assert draft.error is not None
    assert draft.error.startswith(f"bad_periodic.f ({path}:2): schedule: ")


def test_an_entry_is_added_once(write: Write, tmp_path: Path) -> None:
    write("adds.py", "from beatd import task\n@task\ndef f(x): ...\n")
    import_apps(["adds"], str(tmp_path))
    app = App("shop")
    made = __import__("adds").f
    assert app.add_periodic_task("every 5m", made, (1,)) == "adds.f"
    with pytest.raises(ValueError, match=r"'adds.f' is in beat_schedule already; give another name="):
        app.add_periodic_task("every 5m", made, (2,))
    with pytest.raises(ValueError, match=r"arguments beside adds.f.s\(\.\.\.\)"):
        app.add_periodic_task("every 5m", made.s(1), (2,), name="other")


def test_a_module_that_raises_anything_is_told_with_its_line(write: Write, tmp_path: Path) -> None:
    write("stops.py", "x = 1\nraise KeyboardInterrupt\n")
    with pytest.raises(AppImportError, match=r"(?s)importing 'stops' failed: KeyboardInterrupt.*stops.py:2"):
        import_apps(["stops"], str(tmp_path))
    with pytest.raises(AppImportError, match=r"no module named 'stop.py'.*'stop'"):
        import_apps(["stop.py"], str(tmp_path))
    with pytest.raises(AppImportError, match=r"no module named 'no.such.module' \('no' is not there\)"):
        import_apps(["no.such.module"], str(tmp_path))
