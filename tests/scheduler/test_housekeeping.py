"""What the scheduler does behind the fires."""

from beatd.scheduler.housekeeping import Housekeeping

SECOND = 1_000_000


class Nothing:
    def prune(self, **_: object) -> int:
        return 0


def test_what_a_dead_worker_held_goes_back_every_few_seconds_where_others_wait_for_it() -> None:
    given_back = []
    kept = Housekeeping(
        Nothing(),
        Nothing(),
        keep=1,
        most=1,
        result_expires=1,
        give_back=lambda: given_back.append(1),
    )
    for elapsed in range(21):
        kept.tick(0, elapsed * SECOND)
    assert len(given_back) == 5
