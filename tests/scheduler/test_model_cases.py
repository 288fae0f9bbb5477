"""Cases that the random model met, or would meet once in many thousand runs, told step by step."""

from tests.scheduler.model import SECOND
from tests.scheduler.test_protocol_model import World


def test_no_version_is_left_out_where_the_store_goes_back_behind_those_that_were_read() -> None:
    world = World(1)
    _, book, behind = world.schedulers[0]
    _, others, ahead = world.schedulers[1]
    world.define("a", "every 1s")
    book.learn(world.versions(0), whole=True)
    behind.plan(["a"])
    behind.fire_due()
    for rule in ("every 2s", "every 3s", "every 7s"):
        world.clock.advance(4 * SECOND)
        world.define("a", rule)
    before = world.store.snapshot()
    others.learn(world.versions(0), whole=True)
    ahead.read_records(["a"])
    ahead.fire_due()
    assert world.store.truth.records["a"].version == 4
    book.learn(world.versions(book.revision), whole=False)
    world.store.truth = before
    behind.plan(["a"])
    behind.fire_due()
    world.heal()
    world.judge()


def test_a_number_that_comes_again_with_another_definition_is_another_version() -> None:
    world = World(1)
    _, book, stale = world.schedulers[0]
    _, others, fresh = world.schedulers[1]
    world.define("a", "every 1s")
    book.learn(world.versions(0), whole=True)
    stale.plan(["a"])
    stale.fire_due()
    truth, world.store.definitions, world.numbers = world.present()
    former = {name: list(versions) for name, versions in world.store.definitions.items()}
    world.define("a", "every 2s")
    book.learn(world.versions(book.revision), whole=False)
    world.store.truth, world.store.definitions, world.numbers = truth, former, 1
    world.clock.advance(SECOND)
    world.define("a", "every 3s")
    others.learn(world.versions(0), whole=True)
    for emitter in (fresh, stale):
        emitter.read_records(["a"])
        emitter.fire_due()
    world.clock.advance(10 * SECOND)
    stale.read_records(["a"])
    stale.fire_due()
    world.heal()
    world.judge()
