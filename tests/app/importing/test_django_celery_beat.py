"""Real tables: made by django-celery-beat's own migrations, filled through its own models, on both databases."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from beatd.app.importing.django_celery_beat import read_django_celery_beat
from beatd.app.importing.django_schedules import Settings
from beatd.core.compiling import schedule_of
from beatd.stores.django_celery_beat import read_tables
from tests.app.importing.celeryside import BEGINS, CRONTABS, compare, moment
from tests.app.importing.djangoside import Site
from tests.servers.postgresql import POSTGRES, postgres_schema

ROWS = """
every_ten = IntervalSchedule.objects.create(every=10, period="minutes")
task("cron", crontab=cron("30 2 * * *", "Europe/Berlin"), args='[1, "x"]', kwargs='{"rows": null}', queue="mails",
     priority=3, headers='{"h": 1}', description="Sends\\nmails.")
task("both days", crontab=cron("0 0 13 * fri"))
task("sunday", crontab=cron("0 3 * * 7"))
task("interval", interval=every_ten, expire_seconds=60)
task("started", interval=every_ten, start_time=datetime(2026, 12, 1, 8, 3, tzinfo=UTC))
task("micro", interval=IntervalSchedule.objects.create(every=1234567, period="microseconds"))
task("days", interval=IntervalSchedule.objects.create(every=2, period="days"))
task("short", interval=IntervalSchedule.objects.create(every=5, period="microseconds"))
task("sun", solar=SolarSchedule.objects.create(event="sunset", latitude="52.520000", longitude="13.400000"))
task("once", crontab=cron("0 8 * * *"), one_off=True)
task("clocked", clocked=ClockedSchedule.objects.create(clocked_time=datetime(2027, 1, 1, 12, tzinfo=UTC)), one_off=True)
task("past", clocked=ClockedSchedule.objects.create(clocked_time=datetime(2020, 1, 1, 12, tzinfo=UTC)), one_off=True)
task("ended", interval=every_ten, expires=datetime(2027, 3, 1, 9, 30, tzinfo=UTC))
task("off", interval=every_ten, enabled=False)
task("late start", crontab=cron("0 8 * * *"), start_time=datetime(2026, 12, 1, 8, 3, tzinfo=UTC))
task("exchange", interval=every_ten, exchange="x", routing_key="k", queue="q")
task("key", interval=every_ten, routing_key="k")
task("bad json", interval=every_ten, args="[1,")
task("no list", interval=every_ten, args='{"a": 1}')
task("dated", interval=every_ten, kwargs='{"on": {"__type__": "date", "__value__": "2026-11-21"}}')
PeriodicTask.objects.filter(name="once").update(last_run_at=datetime(2026, 1, 1, tzinfo=UTC), total_run_count=1)
"""
ROWS += f"""
for zone in {list(BEGINS)!r}:
    for name, text in {CRONTABS!r}.items():
        task(zone + " " + name, crontab=cron(text, zone))
"""
SUN = timedelta(seconds=60)
NOW = int(datetime(2026, 11, 21, 17, tzinfo=UTC).timestamp()) * 1_000_000
SENT = {"celery_beat_task": True}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    if request.param == "sqlite":
        made = Site(folder)
        made.run(ROWS)
        yield made
        return
    with postgres_schema() as url:
        schema = url.partition("?schema=")[2]
        with psycopg.connect(POSTGRES, autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{schema}"')
        made = Site(folder, url)
        made.run(ROWS)
        yield made


def read(url, **settings):
    return read_django_celery_beat(read_tables(url), Settings(now=NOW, **settings))


@pytest.fixture
def found(site):
    return read(site.url)


@pytest.fixture
def fields(found):
    return {entry.name: entry.fields for entry in found.entries}


@pytest.fixture
def notes(found):
    return {entry.name: " ".join(entry.notes) for entry in found.entries}


def test_a_row_is_carried_over_with_all_that_it_says(fields):
    assert fields["cron"] == {
        "schedule": "30 2 * * *",
        "timezone": "Europe/Berlin",
        "task": "proj.add",
        "args": [1, "x"],
        "kwargs": {"rows": None},
        "headers": {"h": 1, **SENT},
        "queue": "mails",
        "priority": 6,
        "description": "Sends\nmails.",
    }


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("both days", {"schedule": "0 0 13 * &fri", "timezone": "UTC"}),
        ("sunday", {"schedule": "0 3 * * sun", "timezone": "UTC"}),
        ("interval", {"schedule": "every 10m", "expires": 60}),
        ("started", {"schedule": "every 10m", "starts_at": "2026-12-01T08:03:00Z"}),
        ("micro", {"schedule": "every 1s235ms"}),
        ("days", {"schedule": "every 2d"}),
        ("sun", {"schedule": "sunset 52.52 13.4"}),
        ("once", {"schedule": "0 8 * * *", "timezone": "UTC", "max_runs": 1, "enabled": False}),
        ("clocked", {"schedule": "at 2027-01-01T12:00:00Z"}),
        ("ended", {"schedule": "every 10m", "ends_at": "2027-03-01T09:30:00Z"}),
        ("off", {"schedule": "every 10m", "enabled": False}),
        ("key", {"schedule": "every 10m"}),
        ("dated", {"schedule": "every 10m", "kwargs": {"on": {"__type__": "date", "__value__": "2026-11-21"}}}),
    ],
)
def test_each_kind_of_schedule_and_bound_is_carried_over(fields, name, wanted):
    assert fields[name] == {"task": "proj.add", "headers": SENT, **wanted}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cron", "priority 3 is 6 here: with Celery on Redis 0 comes first"),
        ("sunday", "day_of_week '7': Celery cannot read it, so that its beat never fired this entry; beatd does"),
        ("micro", "its interval of 1234567 microseconds is rounded to whole milliseconds: every 1s235ms"),
        ("once", "one_off: it has run already, and is imported as one that is not enabled"),
        ("past", "its moment is past: Celery's beat would fire it at once if it has not run yet; beatd never does"),
        ("ended", "expires: the entry ends then, but what waits in the queue is still run"),
        ("late start", "Celery's beat fires a crontab once at start_time itself; here it begins with its next time"),
        ("key", "the routing key 'k' alone says nothing to Celery either: the queue is 'the default one'"),
    ],
)
def test_what_is_not_carried_over_is_told(notes, name, said):
    assert said in notes[name]


def test_what_cannot_be_an_entry_is_left_out_with_the_reason(found):
    told = {left.what: left.reason for left in found.left_out}
    assert set(told) == {"short", "exchange", "bad json", "no list"}
    assert "at least 10ms" in told["short"]
    assert "sends to 'x' with the routing key 'k'; which queue is behind them" in told["exchange"]
    assert "args: is not valid JSON" in told["bad json"]
    assert "args: must be a list in JSON" in told["no list"]
    assert all(left.wrong for left in found.left_out)


def test_what_holds_for_all_is_said_once(found):
    assert [note.partition(",")[0].partition(" stay ")[0] for note in found.notes] == [
        "intervals count from 1970-01-01 UTC",
        "last_run_at and total_run_count",
        "what the project's settings say of a message (task_routes",
    ]


def test_on_rabbitmq_a_priority_stays_as_it_is(site):
    fields = {entry.name: entry.fields for entry in read(site.url, zero_is_first=False).entries}
    assert fields["cron"]["priority"] == 3


def test_nothing_is_written(site):
    before = site.run("print(list(PeriodicTask.objects.order_by('id').values()), list(PeriodicTasks.objects.values()))")
    read(site.url)
    assert (
        site.run("print(list(PeriodicTask.objects.order_by('id').values()), list(PeriodicTasks.objects.values()))")
        == before
    )


def sites_fires(site, starts):
    return {name: [datetime.fromisoformat(each) for each in found] for name, found in site.fires(starts, 100).items()}


def test_the_next_hundred_fires_are_those_that_the_models_own_schedules_compute(site, found):
    begin = datetime(2026, 11, 21, 17, tzinfo=UTC)
    entries = {entry.name: schedule_of(entry.entry()) for entry in found.entries}
    starts = dict.fromkeys(["cron", "both days", "sun"], begin)
    # An interval is walked from one of its moments: Celery counts from the last run, whenever that was.
    starts |= {name: entries[name].next_after(begin) for name in ("interval", "days", "started")}
    theirs = sites_fires(site, {name: start.isoformat() for name, start in starts.items()})
    for name, start in starts.items():
        ours = list(entries[name].between(start, theirs[name][-1] + SUN))
        if name == "sun":
            assert all(abs(one - other) < SUN for one, other in zip(ours, theirs[name], strict=True))
        else:
            assert ours[:100] == theirs[name], name


def test_so_they_are_where_the_clocks_change(site, found):
    entries = {entry.name: schedule_of(entry.entry()) for entry in found.entries}
    for index in range(3):
        cases = {f"{zone} {name}": (zone, begins[index], name) for zone, begins in BEGINS.items()
                 if index < len(begins) for name in CRONTABS}  # fmt: skip
        theirs = sites_fires(site, {name: moment(begin).isoformat() for name, (_, begin, _) in cases.items()})
        for name, case in cases.items():
            compare(case, entries[name], theirs[name])
