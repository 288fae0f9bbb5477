from pathlib import Path

import pytest

from beatd.config.load import load_settings
from beatd.config.settings import Settings
from beatd.errors import SettingsError


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def call(*schedule: str, **options) -> Settings:
        return load_settings({"schedule": schedule, **options}, environ={})

    return call


@pytest.mark.parametrize("source", ["celery:proj", "celery:proj.app", "celery:proj.app:main", "celery:p_1"])
def test_a_celery_project_is_a_source(load, source):
    assert load(source).schedule == (source,)


@pytest.mark.parametrize(
    "source",
    [
        "celery:",
        "celery: proj",
        "celery:proj/app.py",
        "celery://proj",
        "celery:a..b",
        "celery:1a",
        "celery:a:",
        "celery:a:b.c",
    ],
)
def test_what_names_no_app_is_refused(load, source):
    with pytest.raises(
        SettingsError, match="names no Celery app; write celery:MODULE or celery:MODULE:ATTRIBUTE, as in"
    ):
        load(source)


def test_beside_it_the_settings_are_those_of_the_file_in_this_folder(load, tmp_path):
    (tmp_path / "beatd.toml").write_text('[beatd]\nnamespace = "shop"\n')
    assert load("celery:proj").namespace == "shop"
    (tmp_path / "other.toml").write_text('[beatd]\nnamespace = "other"\n')
    assert load("celery:proj", "other.toml").namespace == "other"


def test_a_file_may_name_it_whatever_folder_it_stands_in(load, tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "beatd.toml").write_text('[beatd]\nschedule = ["celery:proj.app", "more.toml"]\n')
    settings = load_settings({}, config_path="conf/beatd.toml", environ={})
    assert settings.schedule == ("celery:proj.app", "conf/more.toml")


def test_schedules_beside_it_are_not_left_out_in_silence(load, tmp_path):
    text = '[beatd]\nschedule = "celery:proj.app"\n[schedules.x]\ntask = "a.b"\nschedule = "every 5s"\n'
    (tmp_path / "beatd.toml").write_text(text)
    with pytest.raises(SettingsError, match=r'names other files.*add "beatd\.toml" to the list'):
        load()
