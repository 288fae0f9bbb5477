"""When a child has had its day: it has run as many tasks as it may, or grown too large."""

import logging
from typing import Final

from beatd.processes.memory import in_words, own_resident
from beatd.worker.spec import WorkerSpec

_NO_LIMIT: Final = 1 << 62

logger = logging.getLogger("beatd.worker")


class Wear:
    """Counts the tasks that this process has run. ``worn``: it is to leave, and another takes its place."""

    def __init__(self, spec: WorkerSpec, owner: str) -> None:
        self._most = spec.max_tasks_per_child
        self._largest = spec.max_memory_per_child
        self._owner = owner
        self._ran = 0
        self.worn = False

    def left(self) -> int:
        """Return how many tasks may still be run."""
        return _NO_LIMIT if self._most is None else self._most - self._ran

    def ran(self, task: str) -> None:
        """Note that a task was run."""
        self._ran += 1
        if self._most is None and self._largest is None:
            return
        fields: dict[str, object] = {"action": "replace", "worker": self._owner, "task": task, "done": self._ran}
        if self.left() == 0:
            self.worn = True
            logger.info("a child has run as many tasks as it may, and is replaced", extra=fields)
        elif self._largest is not None and (size := own_resident()) > self._largest:
            self.worn = True
            fields |= {"resident": in_words(size), "limit": in_words(self._largest)}
            logger.warning("a child is larger than max_memory_per_child, and is replaced", extra=fields)


def is_nearly_worn(done: int, most: int | None) -> bool:
    """Return whether a child that has run ``done`` tasks of ``most`` needs a successor soon: in the last tenth."""
    return most is not None and most - done <= max(1, most // 10)


def too_large(size: int | None, limit: int) -> str | None:
    """Return why a child is killed even in the middle of a task: it takes more than twice the limit; else None."""
    if size is None or size <= 2 * limit:
        return None
    return f"its resident size of {in_words(size)} was above {in_words(2 * limit)}, twice max_memory_per_child"
