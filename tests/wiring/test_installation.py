import logging

import pytest

from beatd.errors import StoreError
from beatd.wiring.installation import check_installation, init_state, state_view
from tests.wiring.conftest import SECOND, ZERO

EVERY_10S = "schedule = 'every 10s'"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder / "beatd.installation"


def lose(desk, tmp_path):
    desk.state.close()
    for file in tmp_path.glob("beatd.db*"):
        file.unlink()


def start(desk):
    """Start as `beatd run` does."""
    settings = desk.settings()
    check_installation(settings, desk.state.definitions.install())
    return desk.scheduler("two")


def test_the_state_is_shown_with_where_its_id_is_kept(desk, kept) -> None:
    desk.write(a=EVERY_10S)
    desk.scheduler().stop()
    check_installation(desk.settings(), desk.state.definitions.install())
    view = state_view(desk.settings())
    assert (view.kept, view.problems) == ({str(kept): view.installation.id}, ())
    assert (view.installation.since, view.installation.revision) == (ZERO, 1)


def test_without_a_state_it_is_said_and_none_is_made(desk) -> None:
    desk.write(a=EVERY_10S)
    desk.scheduler().stop()
    settings = desk.settings(namespace="other")
    with pytest.raises(StoreError, match="no state of namespace 'other'"):
        state_view(settings)
    with pytest.raises(StoreError, match="no state of namespace 'other'"):
        state_view(settings)


def test_a_lost_store_fires_nothing_until_state_init_and_then_owes_from_the_moment_given(desk, kept, tmp_path) -> None:
    desk.write(a=f"{EVERY_10S}\nmisfire = 'all'")
    scheduler = desk.scheduler()
    check_installation(desk.settings(), desk.state.definitions.install())
    desk.tick(scheduler, 100, at_most=5)
    scheduler.stop()
    lose(desk, tmp_path)
    desk.clock.advance(900)
    with pytest.raises(StoreError, match="state init --from"):
        start(desk)
    assert "another state is known in" in state_view(desk.settings()).problems[0]
    made = init_state(desk.settings(), ZERO + 500 * SECOND, known=(), forced=False)
    assert kept.read_text().strip() == made.id
    desk.settle(start(desk))
    assert desk.emitted("a") == [500.0 + 10 * n for n in range(1, 51)]


def test_a_running_scheduler_goes_on_by_itself_after_state_init(desk, tmp_path, caplog, monkeypatch) -> None:
    monkeypatch.setattr("beatd.wiring.drivers.CLOCK", desk.clock)
    desk.write(a=EVERY_10S)
    scheduler = desk.scheduler()
    desk.tick(scheduler, 12)
    lose(desk, tmp_path)
    with caplog.at_level(logging.WARNING):
        desk.tick(scheduler, 18)
        assert desk.emitted("a") == []
        assert "fires nothing" in state_view(desk.settings()).problems[0]
        init_state(desk.settings(), ZERO + 30 * SECOND, known=(), forced=False)
        desk.tick(scheduler, 30)
    assert desk.emitted("a") == [40, 50, 60]
    assert "put in place" in caplog.text


def test_a_lost_store_that_a_step_meets_first_did_not_go_back_and_needs_one_repair_only(desk, tmp_path, caplog) -> None:
    desk.write(a="schedule = 'every 1s'")
    scheduler = desk.scheduler()
    desk.tick(scheduler, 12.5, at_most=0.25)
    lose(desk, tmp_path)
    with caplog.at_level(logging.ERROR):
        desk.tick(scheduler, 1, at_most=0.25)
    assert "state init" in caplog.text
    assert state_view(desk.settings()).installation.rolled_back_at is None


def test_entries_that_have_a_record_go_on_from_there(desk) -> None:
    desk.write(a=EVERY_10S)
    scheduler = desk.scheduler()
    desk.tick(scheduler, 12)
    scheduler.stop()
    former = desk.state.records.load()
    init_state(desk.settings(), ZERO, known=(), forced=True)
    assert desk.state.records.load() == former


def test_a_host_that_knows_the_former_state_goes_on_in_the_one_put_in_its_place(desk, kept) -> None:
    desk.write(a=EVERY_10S)
    desk.scheduler().stop()
    check_installation(desk.settings(), desk.state.definitions.install())
    known = kept.read_text()
    made = init_state(desk.settings(), ZERO, known=(), forced=True)
    kept.write_text(known)
    check_installation(desk.settings(), desk.state.definitions.install())
    assert kept.read_text().strip() == made.id


def test_a_state_in_order_is_not_repaired_unless_it_is_said_twice(desk) -> None:
    desk.write(a=EVERY_10S)
    desk.scheduler().stop()
    with pytest.raises(StoreError, match="in order"):
        init_state(desk.settings(), ZERO, known=(), forced=False)
