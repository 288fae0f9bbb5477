"""Every fault scenario is proven by tests that exist."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.faults.scenarios import SCENARIOS
from tests.faults.worker import scenarios as workers

ROOT = Path(__file__).parents[2]


@cache
def _names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_number_is_there() -> None:
    # 27 to 29 are faults of AMQP, which no driver speaks.
    wanted = {*range(1, 27), *range(31, 49), *range(56, 64)}
    assert set(SCENARIOS) == wanted


def test_every_number_of_the_worker_is_there() -> None:
    # The module says why the others are not.
    assert set(workers.SCENARIOS) == {*range(1, 61)} - {20, 21, 28, 46, 47, 56, 57, 58}


@pytest.mark.parametrize("scenarios", [SCENARIOS, workers.SCENARIOS], ids=["scheduler", "worker"])
def test_every_scenario_names_tests_that_exist(scenarios) -> None:
    for number, scenario in scenarios.items():
        assert scenario.tests, number
        for test in scenario.tests:
            file, _, name = test.partition("::")
            assert name in _names_in(file), f"{number}: {test}"
