from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from beatd.app import current
from beatd.app.app import App
from beatd.app.decorators import periodic, task
from beatd.core.registry import REGISTRY
from beatd.core.states import State
from beatd.errors import CallError, DefinitionError
from beatd.testing import harness
from beatd.worker.context import TaskContext

START = datetime(2026, 3, 28, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    kept = [(each, dict(each)) for each in (REGISTRY.tasks, REGISTRY.periodic, REGISTRY.places)]
    apps = list(current._apps)
    for each, _ in kept:
        each.clear()
    yield
    current._apps[:] = apps
    for each, former in kept:
        each.clear()
        each.update(former)


@pytest.fixture
def app() -> App:
    return App("shop", timezone="Europe/Berlin")


def test_a_day_of_schedules_runs_in_no_time(app: App) -> None:
    done = []

    @periodic("0 8 * * *", kwargs={"day": "today"}, name="report")
    def report(day: str) -> str:
        done.append(day)
        return day

    with harness(app, start=START) as h:
        runs = h.run_due(hours=48)
        assert h.clock.moment == START + timedelta(hours=48)
        # The second one is in summer time.
        assert h.fired("report") == [datetime(2026, 3, 28, 7, tzinfo=UTC), datetime(2026, 3, 29, 6, tzinfo=UTC)]
        assert all(moment.astimezone(ZoneInfo("Europe/Berlin")).hour == 8 for moment in h.fired("report"))
    assert done == ["today", "today"]
    assert [(run.entry, run.state, run.result, run.at) for run in runs] == [
        ("report", State.SUCCESS, "today", moment) for moment in (run.fire_time for run in runs)
    ]


def test_a_day_of_many_entries_takes_seconds(app: App) -> None:
    @task
    def nothing() -> None: ...

    for number in range(5):
        app.add_periodic_task(300, nothing, name=f"every five minutes {number}")
    with harness(app, start=START) as h:
        assert len(h.run_due(hours=24)) == 5 * 288


def test_without_an_end_the_clock_goes_to_the_next_fire(app: App) -> None:
    @periodic("every 1h")
    @task(name="hourly")
    def hourly() -> None: ...

    with harness(app, start=START) as h:
        [ran] = h.run_due()
        assert (ran.task, ran.fire_time, h.clock.moment) == ("hourly", START + timedelta(hours=1), ran.at)
        assert len(h.run_due(START + timedelta(hours=3))) == 2
        assert h.run_due(START + timedelta(hours=1)) == []


def test_tasks_that_tasks_send_are_run_too_and_at_their_time(app: App) -> None:
    @task(name="mail")
    def mail(text: str) -> str:
        return text

    @periodic("0 12 * * *", timezone="UTC")
    def noon() -> None:
        mail.delay("now")
        mail.apply_async(("later",), countdown=90)

    with harness(app, start=START) as h:
        h.run_due(hours=13)
        twelve = START + timedelta(hours=12)
        assert [(ran.result, ran.at) for ran in h.ran("mail")] == [
            ("now", twelve),
            ("later", twelve + timedelta(seconds=90)),
        ]


def test_results_are_read_as_usual(app: App) -> None:
    @app.task
    def double(x: int) -> int:
        return 2 * x

    with harness(app, start=START) as h:
        result = double.delay(21)
        h.run_due(seconds=1)
        assert result.get(timeout=1) == 42


def test_a_coroutine_is_run_to_its_end(app: App) -> None:
    @app.task
    async def double(x: int) -> int:
        return 2 * x

    with harness(app, start=START) as h:
        double.delay(21)
        assert [ran.result for ran in h.run_due(seconds=1)] == [42]


def test_a_retry_is_run_after_its_wait(app: App) -> None:
    @app.task(bind=True, name="flaky")
    def flaky(self: TaskContext) -> int:
        if self.request.retries < 2:
            self.retry(countdown=60)
        return self.request.retries

    with harness(app, start=START) as h:
        flaky.delay()
        states = [(ran.state, ran.at - START) for ran in h.run_due(minutes=10)]
        minute = timedelta(minutes=1)
        assert states == [(State.RETRY, 0 * minute), (State.RETRY, minute), (State.SUCCESS, 2 * minute)]


def test_a_failure_is_told(app: App) -> None:
    @periodic("every 1h", name="broken")
    def broken() -> None:
        raise ValueError("no data")

    with harness(app, start=START) as h:
        [ran] = h.run_due(hours=1)
        assert ran.state is State.FAILURE
        assert (ran.result.exc_type, str(ran.result)) == ("ValueError", "no data")
        assert 'raise ValueError("no data")' in ran.result.traceback


def test_a_task_that_nobody_has_ends_dead(app: App) -> None:
    app.conf.beat_schedule = {"lost": {"task": "shop.lost", "schedule": 3600}}
    with harness(app, start=START) as h:
        [ran] = h.run_due(hours=1)
        assert (ran.state, ran.result.exc_type) == (State.FAILURE, "NotRegisteredError")


@pytest.mark.parametrize(("misfire", "fires"), [("latest", 1), ("all", 60), ("skip", 0)])
def test_downtime_does_what_the_entry_says(app: App, misfire: str, fires: int) -> None:
    app.conf.beat_schedule = {
        "minutely": {"task": "t", "schedule": "every 1m", "misfire": misfire},
    }
    with harness(app, start=START) as h:
        h.clock.advance(timedelta(hours=1))
        h.run_due(seconds=10)
        assert len(h.fired("minutely")) == fires
        skipped = sum(run.count or 0 for run in h.history("minutely") if run.message_id is None)
        assert fires + skipped == 60


def test_files_of_schedules_are_tested_as_they_are(app: App, tmp_path: Path) -> None:
    path = tmp_path / "prod.toml"
    path.write_text('[schedules.beat]\ntask = "shop.beat"\nschedule = "every 10m"\nargs = [1]\n')

    @app.task(name="shop.beat")
    def beat(x: int) -> int:
        return x

    with harness(app, start=START, schedule=path) as h:
        assert [ran.result for ran in h.run_due(minutes=30)] == [1, 1, 1]


def test_an_entry_that_is_wrong_is_an_error_at_once(app: App) -> None:
    @periodic("0 25 * * *", name="never")
    def never() -> None: ...

    with pytest.raises(DefinitionError, match="schedule: "), harness(app, start=START):
        pass


def test_an_end_is_given_once(app: App) -> None:
    with harness(app, start=START) as h, pytest.raises(CallError, match="not both"):
        h.run_due(START, hours=3)


def test_the_app_is_bound_to_the_harness_only_within(app: App, tmp_path: Path) -> None:
    app.conf.update(broker_url=f"sqlite:///{tmp_path}/real.db")
    with harness(app, start=START):
        app.send_task("t")
    assert not (tmp_path / "real.db").exists()
    app.send_task("t")
    assert (tmp_path / "real.db").exists()
    app.close()
