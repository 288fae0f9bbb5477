"""Waiting for a commit."""

import time

from beatd.errors import BeatdError
from beatd.sqlkit.database import Database

CHANNEL = "beatd_schedules"
"""Where the triggers announce what they log."""

_LONGEST = 600.0
_BLIND = 0.2
"""Seconds to wait where nothing can be noticed."""


class Waiting:
    """Waits on a database for something to be committed since the last look."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: tuple[int, int] | None = None

    def look(self) -> None:
        """Note that what is committed now is known."""
        self._seen = self._db.data_version()

    def wait(self, seconds: float) -> bool:
        """Return True soon after something may have been committed, False after so many seconds."""
        seconds = min(max(seconds, 0.0), _LONGEST)
        try:
            return self._db.notice(self._seen, seconds, CHANNEL)
        except BeatdError:
            # Whoever reads next learns why.
            time.sleep(min(seconds, _BLIND))
            return False
