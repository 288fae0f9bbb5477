import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

USER = """
from datetime import timedelta

from beatd import App, AsyncResult, crontab, every, periodic, shared_task, solar, task

app = App("shop", broker="sqlite:///beatd.db", timezone="Europe/Berlin")


@app.task(max_retries=5, autoretry_for=(OSError,))
def add(x: int, y: int = 1) -> int:
    return x + y


@task(bind=True)
def bound(self: object, x: int) -> str:
    return str(x)


@periodic("every 5m", name="second")
@periodic(crontab(hour=8, minute=0), kwargs={"day": "mon"}, grace=timedelta(hours=1))
@shared_task
def report(day: str = "sun") -> None: ...


@periodic([every(minutes=10), solar("sunset", 52.52, 13.40)])
async def lights(level: int = 1) -> int:
    return level


total: int = add.delay(1, y=2).get(timeout=3)
text: str = bound.delay(1).get()
lit: int = lights.delay(level=2).get()
lit = lights.apply_async(countdown=1).get()
plain: int = add(2)
later = add.apply_async((1,), countdown=5, queue="mail", priority=3)
known = AsyncResult("id")
app.send_task("shop.mail", [1], {"a": 2}, expires=timedelta(minutes=5))
app.conf.beat_schedule = {"a": {"task": "shop.mail", "schedule": 30.0}}
app.add_periodic_task(10.0, add.s(1), name="b", misfire="all")
report()
"""

WRONG = """
add.delay("x")
add.delay(1, z=2)
bound.delay(1, 2)
add.apply_async((1,), countdwn=5)
add.delay(1).get() + "x"
add(x="1")
periodic("every 5m", misfire="never")
"""


def check(path: Path, text: str) -> list[str]:
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(path.parent / "cache"), str(path)],
        cwd=path.parent,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in done.stdout.splitlines() if line.startswith(f"{path.name}:") and ": error:" in line]


def test_calls_are_checked_against_the_function(tmp_path: Path) -> None:
    first = USER.count("\n") + 1
    errors = check(tmp_path / "user.py", USER + WRONG)
    lines = [int(line.split(":")[1]) for line in errors]
    assert [line - first for line in lines] == [1, 2, 3, 4, 5, 6, 7], "\n".join(errors)
