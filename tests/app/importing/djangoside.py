"""A real Django project with django-celery-beat; each run is a process, since Django knows one project in each."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

SETTINGS = """\
import json, os
SECRET_KEY = "tests"
INSTALLED_APPS = ["django_celery_beat"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = json.loads(os.environ["SITE_DATABASES"])
USE_TZ = os.environ["SITE_USE_TZ"] == "1"
TIME_ZONE = os.environ["SITE_TIME_ZONE"]
CELERY_TIMEZONE = "Europe/Berlin"
"""
BEGIN = """\
import json, sys
import django
django.setup()
from datetime import UTC, datetime, timedelta
from django.core.management import call_command
from django_celery_beat.models import (
    ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks, SolarSchedule)

def cron(text, timezone="UTC"):
    minute, hour, dom, month, dow = text.split()
    return CrontabSchedule.objects.create(minute=minute, hour=hour, day_of_month=dom, month_of_year=month,
        day_of_week=dow, timezone=timezone)

def task(name, **fields):
    return PeriodicTask.objects.create(name=name, task="proj.add", **fields)
"""
# Celery's own walk from run to run; of an interval from a moment that our entry fires at.
WALK = """
from celery import Celery
app = Celery("proj", set_as_current=True)
app.conf.timezone = "UTC"
found = {}
given = json.loads(sys.argv[1])
for row in PeriodicTask.objects.all():
    if row.name not in given:
        continue
    rule, last, moments = row.schedule, datetime.fromisoformat(given[row.name]), []
    zone = getattr(rule, "tz", UTC)
    for _ in range(int(sys.argv[2])):
        rule.nowfun = lambda: last.astimezone(zone)
        last = (last + rule.remaining_estimate(last.astimezone(zone))).astimezone(UTC)
        rule.nowfun = lambda: last.astimezone(zone)
        assert rule.is_due((moments or [datetime.fromisoformat(given[row.name])])[-1].astimezone(zone)).is_due
        moments.append(last)
    found[row.name] = [each.isoformat() for each in moments]
print(json.dumps(found))
"""


class Site:
    """A project in a folder, its tables made by the real migrations."""

    def __init__(self, folder: Path, url: str | None = None, *, use_tz: bool = True, time_zone: str = "UTC") -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{folder}/db.sqlite3"
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "SITE_DATABASES": json.dumps({"default": _database(self.url)}),
            "SITE_USE_TZ": str(int(use_tz)),
            "SITE_TIME_ZONE": time_zone,
        }
        (folder / "settings.py").write_text(SETTINGS)
        self.run('call_command("migrate", verbosity=0)')

    def run(self, script: str, *arguments: str) -> str:
        """Run a script with the models at hand; return what it printed."""
        ended = subprocess.run(
            [sys.executable, "-c", BEGIN + script, *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def fires(self, starts: dict[str, str], number: int) -> dict[str, list[str]]:
        """Return the next fires of these periodic tasks, as Celery computes them from the models' own schedules."""
        found: dict[str, list[str]] = json.loads(self.run(WALK, json.dumps(starts), str(number)))
        return found


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    schema = parse_qs(parts.query)["schema"][0]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username or "postgres",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname,
        "PORT": str(parts.port or 5432),
        "OPTIONS": {"options": f"-c search_path={schema}"},
    }
