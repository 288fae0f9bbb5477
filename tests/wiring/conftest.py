from collections.abc import Iterator
from pathlib import Path

import pytest

from beatd.config.settings import Settings
from tests.scheduler.stage import START, Stage

SECOND = 1_000_000
ZERO = int(START.timestamp()) * SECOND


class Desk(Stage):
    """A stage, and the settings with which commands open the same store."""

    def settings(self, **changed: object) -> Settings:
        self.state.close()
        return Settings(broker=f"sqlite:///{self.database}", schedule=(str(self.file),), **changed)

    def rest(self, entry_lines: str, seconds: float, **more: str) -> None:
        """Define the entry ``a`` and let no scheduler run for a while; then let one settle what is owed."""
        self.write(a=entry_lines, **more)
        self.scheduler("one").stop()
        self.clock.advance(seconds)
        last = self.scheduler("two")
        self.settle(last)
        last.stop()

    def ranges(self, entry: str = "a") -> list[tuple[str, float, float | None, int | None]]:
        """Return what is on record as not emitted: (reason, first, last, count), moments in seconds."""
        found = self.state.past.dispositions(entry, 0, 1 << 60, 10_000)
        return [
            (
                str(each.reason),
                (each.first - ZERO) / SECOND,
                None if each.last is None else (each.last - ZERO) / SECOND,
                each.count,
            )
            for each in found
        ]

    def sent(self, entry: str = "a") -> list[float]:
        """Return the fire times of all messages in the broker, in seconds after the start."""
        with self._open[-1].read() as connection:
            rows = connection.exec_driver_sql("SELECT fire_time FROM beatd_messages WHERE entry = ?", (entry,)).all()
        return sorted((row[0] - ZERO) / SECOND for row in rows)

    def sql(self, text: str, *values: object) -> None:
        """Change the tables behind the engine's back."""
        with self._open[-1].write() as connection:
            connection.exec_driver_sql(text, values)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    made = Desk(tmp_path)
    yield made
    made.close()
