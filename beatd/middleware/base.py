"""What may be done around each run of a task."""

from beatd.core.message import Delivery
from beatd.core.states import Outcome


class Middleware:
    """Hooks around one attempt, in the process that runs it; override what is needed.

    An error in a hook is logged and does not touch the task.
    """

    def before_run(self, delivery: Delivery, started_at: int) -> None:
        """Do something before the task runs; ``started_at`` in microseconds."""

    def on_retry(self, delivery: Delivery, outcome: Outcome) -> None:
        """Do something when the task will be run again."""

    def on_failure(self, delivery: Delivery, outcome: Outcome) -> None:
        """Do something when the task has failed for good."""

    def after_run(self, delivery: Delivery, outcome: Outcome) -> None:
        """Do something after every attempt, whatever came of it, before it is settled."""
