"""A user's own code around tasks: middleware of the app, hooks of a task."""

TASKS = """
import os
from beatd import App, Middleware


class Note(Middleware):
    def before_run(self, delivery, started_at):
        note(f"before {delivery.message.task}")

    def after_run(self, delivery, outcome):
        note(f"after {outcome.state}")


class Broken(Middleware):
    def before_run(self, delivery, started_at):
        raise RuntimeError("broken middleware")


def note(text):
    with open("noted", "a") as file:
        file.write(f"{text}\\n")


def failed(self, exc, task_id, args, kwargs, einfo):
    note(f"failed {exc!r} {args} {self.request.retries}")
    raise RuntimeError("broken hook")


app = App(middleware=[Broken(), Note()])


@app.task(name="divide", on_failure=failed)
def divide(a, b):
    return a / b
"""


def test_they_are_called_by_the_worker_and_what_they_raise_harms_nothing(desk):
    desk.write("shop.py", TASKS)
    worker = desk.start("worker", "-A", "shop", "-c", "1")
    worker.says("worker ready")
    assert desk.beatd("call", "-A", "shop", "divide", "1", "0", "--wait").returncode == 1
    assert desk.beatd("call", "-A", "shop", "divide", "6", "3", "--wait").returncode == 0
    assert (desk.folder / "noted").read_text().splitlines() == [
        "before divide",
        "failed ZeroDivisionError('division by zero') (1, 0) 0",
        "after FAILURE",
        "before divide",
        "after SUCCESS",
    ]
    assert "broken middleware" in worker.said()
    assert "broken hook" in worker.said()
    assert worker.stop() == 0
