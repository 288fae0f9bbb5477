import os
from datetime import timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from beatd.app.app import App
from beatd.app.conf import settings_in
from beatd.errors import AppImportError, SettingsError


class CelerySettings:
    CELERY_BEAT_SCHEDULE: ClassVar = {"a": {"task": "t", "schedule": 30.0}}
    CELERY_TIMEZONE = "Europe/Berlin"
    CELERY_TASK_DEFAULT_QUEUE = "shop"
    CELERY_RESULT_EXPIRES = timedelta(hours=1)
    CELERY_ACCEPT_CONTENT: ClassVar = ["json"]
    CELERY_WORKER_PREFETCH_MULTIPLIER = 1
    CELERY_TASK_TRACK_STARTED = True
    DEBUG = True


def test_what_celery_users_set_reaches_the_settings() -> None:
    app = App("shop", broker="sqlite:////tmp/first.db")
    with pytest.warns(UserWarning, match="task_track_started, worker_prefetch_multiplier$") as warned:
        app.config_from_object(CelerySettings, namespace="CELERY")
    assert len(warned) == 1
    assert app.conf.beat_schedule == {"a": {"task": "t", "schedule": 30.0}}
    settings = app.settings
    assert (settings.timezone, settings.queue) == ("Europe/Berlin", "shop")
    assert settings.result_expires == 3_600_000_000
    assert settings.broker == "sqlite:////tmp/first.db"


def test_the_warning_names_the_line_of_the_user() -> None:
    app = App()
    with pytest.warns(UserWarning, match="ignored: worker_concurrency") as warned:
        app.conf.update(worker_concurrency=4)
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="ignored: worker_concurrency") as warned:
        app.conf.worker_concurrency = 4  # type: ignore[attr-defined]  # a setting of Celery's alone
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="ignored: worker_concurrency") as warned:
        app.config_from_object({"worker_concurrency": 4})
    assert warned[0].filename == __file__


def test_a_module_of_settings_is_read_by_its_name(tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    with open(f"{tmp_path}/celeryconfig.py", "w") as file:  # noqa: PTH123  the path is os.PathLike
        file.write("import os\nfrom datetime import timedelta\nclass Prod:\n    timezone = 'Asia/Tokyo'\n")
        file.write("timezone = 'Europe/Paris'\nbroker_url = 'sqlite:////tmp/x.db'\n")
    app = App()
    app.config_from_object("celeryconfig")
    assert (app.conf.timezone, app.conf.broker_url) == ("Europe/Paris", "sqlite:////tmp/x.db")
    app.config_from_object("celeryconfig:Prod")
    assert app.conf.timezone == "Asia/Tokyo"
    app.config_from_object("celeryconfig.Prod")
    assert app.conf.timezone == "Asia/Tokyo"
    with pytest.raises(AppImportError, match="module 'celeryconfig' has no 'Test'"):
        app.config_from_object("celeryconfig:Test")
    with pytest.raises(AppImportError, match="no module named 'nowhere'"):
        app.config_from_object("nowhere")


def test_only_names_of_the_namespace_are_read() -> None:
    assert settings_in({"CELERY_TIMEZONE": "UTC", "TIMEZONE": "x", "celery_x": 1}, "CELERY") == {
        "timezone": "UTC",
        "x": 1,
    }


def test_results_other_than_json_are_refused() -> None:
    app = App()
    with pytest.raises(SettingsError, match=r"conf\.result_serializer: 'pickle': results are JSON; leave it out"):
        app.conf.result_serializer = "pickle"
    app.conf.update(result_serializer="json")
    with pytest.raises(SettingsError, match=r"conf\.task_serializer: must be the name of a serializer, not 5"):
        app.conf.update(task_serializer=5)


def test_what_celery_calls_accept_content_is_accept() -> None:
    app = App()
    assert app.settings.accept == ("json",)
    app.conf.accept_content = ["json", "application/x-msgpack"]
    assert app.settings.accept == ("json", "application/x-msgpack")
    app.conf.accept_content = {"yaml", "json"}
    assert app.settings.accept == ("json", "yaml")


def test_a_zone_may_be_given_as_such() -> None:
    app = App()
    app.conf.update(timezone=ZoneInfo("Europe/Rome"))
    assert app.settings.timezone == "Europe/Rome"


def test_a_beat_schedule_that_is_no_dict_is_refused() -> None:
    with pytest.raises(SettingsError, match="must be a dict of entries by name"):
        App().conf.update(beat_schedule=[])


def test_an_unknown_setting_of_an_app_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"App\(\.\.\.\): borker: unknown setting; did you mean 'broker'\?"):
        App("shop", borker="memory://")


def test_durations_of_an_app_may_be_timedeltas() -> None:
    app = App("shop", drain_timeout=timedelta(minutes=1), late_after="2m")
    assert (app.settings.drain_timeout, app.settings.late_after) == (60_000_000, 120_000_000)
    assert app.own_settings == {"drain_timeout": 60.0, "late_after": "2m"}


def test_settings_of_an_app_are_below_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App("shop", queue="shop", timezone="Europe/Rome")
    monkeypatch.setenv("BEATD_QUEUE", "other")
    assert (app.settings.queue, app.settings.timezone) == ("other", "Europe/Rome")
