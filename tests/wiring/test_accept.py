import pytest

from beatd.config.settings import Settings
from beatd.core.registry import REGISTRY, RegisteredTask, TaskOptions
from beatd.errors import CallError, SettingsError
from beatd.middleware.base import Middleware
from beatd.wiring import work
from beatd.wiring.work import Labour, worker_spec


def test_pickle_is_not_read_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(accept=("json", "pickle"), origins={"accept": "beatd.toml:2"})
    monkeypatch.setattr(work.os, "geteuid", lambda: 0)
    with pytest.raises(
        SettingsError, match=r"beatd\.toml:2: accept: pickle is not read as root; run the worker as anoth"
    ):
        worker_spec(settings, Labour(), lambda: None)
    monkeypatch.setattr(work.os, "geteuid", lambda: 1000)
    assert worker_spec(settings, Labour(), lambda: None).accept == ("json", "pickle")


def test_what_nobody_registered_cannot_be_accepted_and_is_told_once_the_code_is_there() -> None:
    spec = worker_spec(Settings(accept=("json", "own")), Labour(), lambda: None)
    with pytest.raises(SettingsError, match=r"accept: there is no serializer 'own'; known: json"):
        spec.load_app()


def test_a_tasks_serializer_that_nobody_registered_is_told_once_the_code_is_there() -> None:
    def load() -> tuple[Middleware, ...]:
        REGISTRY.add(RegisteredTask("shop.add", int, TaskOptions(serializer="nope")))
        return ()

    spec = worker_spec(Settings(), Labour(), load)
    try:
        with pytest.raises(CallError, match=r"^@task shop\.add: there is no serializer 'nope'; known: json"):
            spec.load_app()
    finally:
        del REGISTRY.tasks["shop.add"]
