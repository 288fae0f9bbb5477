"""The bounds between which a worker scales: two numbers, or told what is wrong with them."""

import re

import pytest

from beatd.config.load import load_settings
from beatd.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("3", "must be two whole numbers, MIN,MAX, got '3'; write one such as \"2,8\""),
        ("a,b", "must be two whole numbers, MIN,MAX, got 'a,b'; write one such as \"2,8\""),
        ("1,2,3", "must be two whole numbers"),
        ("-1,2", "must be two whole numbers"),
        ("", "must be two whole numbers"),
        ("5,2", "the smaller number comes first, got '5,2'; write \"2,5\""),
        ("0,0", "must lie between 1 and 1024 children, got '0,0'; one child at least has to stay"),
        ("1,5000", "must lie between 1 and 1024 children"),
    ],
)
def test_bounds_that_are_none_are_refused_in_words(given: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        load_settings({}, config_path=None, environ={}, app_settings={"autoscale": given})


@pytest.mark.parametrize("given", ["2,8", " 2, 8", [2, 8], (2, 8)])
def test_bounds_are_a_text_or_two_numbers(given: object) -> None:
    assert load_settings({}, config_path=None, environ={}, app_settings={"autoscale": given}).autoscale == (2, 8)
