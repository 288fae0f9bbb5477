from collections.abc import Callable, Sequence

import pytest

from beatd.core.record import Answer, Item
from beatd.errors import BrokerUnavailableError
from beatd.scheduler.emitter import BATCH
from tests.scheduler.conftest import Stage

ENTRIES = 3 * BATCH + 10


class Slow:
    """A way to the store that carries a step out only when its answers are waited for; some get lost."""

    def __init__(self, records) -> None:
        self.records = records
        self.under_way: list[set[str]] = []
        self.most = 0
        self.lost: set[int] = set()
        self.begun = 0

    def __getattr__(self, name: str):
        return getattr(self.records, name)

    def begin(self, items: Sequence[Item]) -> Callable[[], list[Answer]]:
        names = {item.name for item in items}
        assert not any(names & others for others in self.under_way)
        self.under_way.append(names)
        self.most = max(self.most, len(self.under_way))
        number, self.begun = self.begun, self.begun + 1

        def answers() -> list[Answer]:
            self.under_way.remove(names)
            found = self.records.step(items)
            if number in self.lost:
                self.under_way.clear()
                raise BrokerUnavailableError("slow://", "lost")
            return found

        return answers


@pytest.fixture
def slow(stage: Stage) -> Slow:
    stage.write(**{f"e{number}": "schedule = 'every 10s'" for number in range(ENTRIES)})
    scheduler = stage.scheduler()
    stage.settle(scheduler)
    made = Slow(scheduler._emitter._records)
    scheduler._emitter._records = made
    made.scheduler = scheduler
    return made


def fired(stage: Stage) -> list[int]:
    return [len(stage.emitted(f"e{number}")) for number in range(ENTRIES)]


def test_the_next_batch_is_sent_while_the_former_is_under_way(stage: Stage, slow: Slow) -> None:
    stage.tick(slow.scheduler, 10, at_most=10)
    assert slow.most == 2
    assert not slow.under_way
    assert fired(stage) == [1] * ENTRIES


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_lost_answer_loses_and_doubles_nothing(stage: Stage, slow: Slow, lost: int) -> None:
    slow.lost = {lost}
    with pytest.raises(BrokerUnavailableError):
        stage.tick(slow.scheduler, 10, at_most=10)
    stage.settle(slow.scheduler)
    assert fired(stage) == [1] * ENTRIES
