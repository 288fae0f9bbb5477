"""A random model of rows: what ``test_protocol_model`` does to a set, done to tables and a set beside each other.

The tables have the triggers' rules, and go back or change behind them; schedulers read them, and settle whose a name
is, with the engine's own code. The judge goes by what was committed and what was taken in, as it does there.
"""

import logging
from contextlib import closing

import pytest
from msgspec.structs import replace

from beatd.core import firing
from beatd.rowports import Page
from beatd.scheduler.tables.tables import Tables
from tests.scheduler.model import SECOND
from tests.scheduler.rows_model import ModelTable, View
from tests.scheduler.rows_world import RowsWorld
from tests.scheduler.seeds import BLOCKS, live


def run_model(seeds) -> None:
    logging.disable()
    try:
        for seed in seeds:
            world = RowsWorld(seed)
            try:
                live(world, seed)
            finally:
                world.wake.close()
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("block", range(4))
def test_no_fire_of_a_row_is_lost_doubled_or_stale_whatever_happens(block) -> None:
    run_model(range(block * 40, block * 40 + 40))


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(22363, id="a removal by a table and one by the set have one number"),
        pytest.param(30498, id="a removal by a table and one by the set have one number, with two tables"),
        pytest.param(100125, id="a removal by one table has the number of an earlier one by a table with a slow clock"),
        pytest.param(
            30759, id="a removal that was taken in was pruned, and two tables and the set have the name since"
        ),
    ],
)
def test_what_was_judged_wrong_once_is_judged_right(seed) -> None:
    run_model([seed])


def test_a_removal_that_a_row_of_a_lower_number_has_undone_is_not_held_to_be_left_out() -> None:
    world = RowsWorld(0)
    with closing(world.wake):
        table, content = world.tables[0], world.content("a")
        table.put("a", content)
        world.clock.advance(SECOND)
        table.touch({"a": (None, 0)})
        table.commit("a")
        former = table.committed.rows["a"]
        table.touch({"a": (former.number, former.number + 2 * SECOND)})
        latter = table.committed.rows["a"]
        assert [number for number, _ in table.versions["a"]] == [former.number + SECOND, former.number, latter.number]
        world.judge_pair("a", (former.number, content.fingerprint), (latter.number, content.fingerprint))


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_the_model_of_rows_holds_over_thousands_of_runs(block) -> None:
    run_model(range(10_000 + block * 1000, 10_000 + block * 1000 + 1000))


def _no_touch(monkeypatch) -> None:
    monkeypatch.setattr(ModelTable, "touch", lambda *_: None)


def _only_the_newest_version(monkeypatch) -> None:
    of = View._page

    def newest(self, names, last):
        page = of(self, names, last)
        return Page(versions=list({version.name: version for version in page.versions}.values()), last=last)

    monkeypatch.setattr(View, "_page", newest)


def _no_generation(monkeypatch) -> None:
    version = View._version
    monkeypatch.setattr(View, "_version", lambda *given: replace(version(*given), generation=1))


def _a_record_at_the_newest_version(monkeypatch) -> None:
    made = firing.made
    monkeypatch.setattr(firing, "made", lambda name, line, moment: made(name, line[-1:], moment))


def _no_tables_for_what_is_not_known(monkeypatch) -> None:
    monkeypatch.setattr(Tables, "doubt", lambda *_: None)


def _a_set_that_keeps_what_a_table_has(monkeypatch) -> None:
    monkeypatch.setattr(Tables, "contest_set", lambda _: False)


@pytest.mark.parametrize(
    "left_out",
    [
        _no_touch,
        _only_the_newest_version,
        _no_generation,
        _a_record_at_the_newest_version,
        _no_tables_for_what_is_not_known,
        _a_set_that_keeps_what_a_table_has,
    ],
)
def test_the_model_sees_a_rule_that_is_left_out(left_out, monkeypatch) -> None:
    left_out(monkeypatch)
    with pytest.raises((AssertionError, KeyError)):
        run_model(range(300))
