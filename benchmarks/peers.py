"""How each library is walked fire by fire: what its own documentation says to do, the rule built beforehand.

A walk is a function that takes a number and returns so many fire times. beatd's answer is in UTC, the others' in the
zone of the rule.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from celery import Celery
from celery.schedules import crontab
from croniter import croniter
from cronsim import CronSim

from beatd.schedules import Schedule, Terms, parse
from beatd.schedules.moments import to_us
from benchmarks.rules import Case

Walk = Callable[[int], list[datetime]]


class RefusedError(Exception):
    """The library cannot express this."""


def beatd_schedule(case: Case) -> Schedule:
    """Return our schedule."""
    return parse(case.text, Terms(timezone=case.zone))


def beatd(case: Case, start: datetime) -> Walk:
    """Walk by ``next_after``."""
    return schedule_walk(beatd_schedule(case), start)


def schedule_walk(schedule: Schedule, start: datetime) -> Walk:
    """Walk by ``next_after``; each call has a new moment, so that no remembered answer serves."""
    next_after = schedule.next_after

    def walk(number: int) -> list[datetime]:
        moment = start
        return [moment := next_after(moment) for _ in range(number)]

    return walk


def integers(case: Case, start: datetime) -> Callable[[int], list[int]]:
    """Walk by ``next_us``, as the engine does."""
    next_us, begins = beatd_schedule(case).next_us, to_us(start)

    def walk(number: int) -> list[int]:
        moment = begins
        return [moment := next_us(moment) for _ in range(number)]

    return walk


def croniter_walk(case: Case, start: datetime) -> Walk:
    """Walk by ``get_next(datetime)`` in the zone."""
    begins, seconds_first = start.astimezone(ZoneInfo(case.zone)), len(case.text.split()) == 6

    def walk(number: int) -> list[datetime]:
        get_next = croniter(case.text, begins, second_at_beginning=seconds_first).get_next
        return [get_next(datetime) for _ in range(number)]

    return walk


def cronsim_walk(case: Case, start: datetime) -> Walk:
    """Walk by ``next`` in the zone."""
    begins = start.astimezone(ZoneInfo(case.zone))

    def walk(number: int) -> list[datetime]:
        fires = CronSim(case.text, begins)
        return [next(fires) for _ in range(number)]

    return walk


def apscheduler_walk(case: Case, start: datetime) -> Walk:
    """Walk by ``get_next_fire_time(previous, now)`` in the zone, ``now`` the previous fire itself."""
    trigger, begins = apscheduler_trigger(case.text, case.zone), start.astimezone(ZoneInfo(case.zone))

    def walk(number: int) -> list[datetime]:
        next_fire, moment = trigger.get_next_fire_time, begins
        return [moment := next_fire(moment, moment) for _ in range(number)]

    return walk


def apscheduler_trigger(text: str, zone: str | ZoneInfo) -> CronTrigger:
    """Return the trigger of a text; by keywords where there are seconds, which its texts do not have."""
    words = text.split()
    if len(words) == 5:
        return CronTrigger.from_crontab(text, timezone=zone)
    names = ("second", "minute", "hour", "day", "month", "day_of_week")
    return CronTrigger(**dict(zip(names, words, strict=True)), timezone=zone)


def celery_walk(case: Case, start: datetime) -> Walk:
    """Walk by ``is_due`` as beat does: asked at a fire about the one before, it says how long until the next."""
    now = start.astimezone(ZoneInfo(case.zone))
    schedule = celery_schedule(case.text, celery_app(case.zone), lambda: now)

    def walk(number: int) -> list[datetime]:
        nonlocal now
        is_due, found = schedule.is_due, []
        now = start.astimezone(ZoneInfo(case.zone))
        last = now - timedelta(days=3000)
        for _ in range(number):
            wait = is_due(last)[1]
            last, now = now, now + timedelta(seconds=wait)
            found.append(now)
        return found

    return walk


def celery_schedule(text: str, app: Celery, now: Callable[[], datetime] | None = None) -> crontab:
    """Return the schedule of a text."""
    words = text.split()
    if len(words) != 5:
        raise RefusedError("Celery's crontab has no seconds")
    names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    return crontab(**dict(zip(names, words, strict=True)), nowfun=now, app=app)


@lru_cache
def celery_app(zone: str) -> Celery:
    """Return an app whose zone is this one, which is where its crontabs take theirs from."""
    app = Celery(f"zone-{zone}", set_as_current=False)
    app.conf.timezone = zone
    return app


WALKS: dict[str, Callable[[Case, datetime], Walk]] = {
    "beatd": beatd,
    "croniter": croniter_walk,
    "cronsim": cronsim_walk,
    "APScheduler": apscheduler_walk,
    "Celery": celery_walk,
}
