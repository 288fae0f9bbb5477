"""Figures of several rounds: medians, ratios, targets."""

import os
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.table import target

OURS = "beatd"


def show(what: str, rounds: Mapping[str, Sequence[float]], unit: str) -> dict[str, float]:
    """Print the median of each contender and how far apart its rounds are; return the medians."""
    found = {name: median(figures) for name, figures in rounds.items()}
    print(f"  {what}; {load()}")
    for name, figures in rounds.items():
        spread = f" ({min(figures):,.1f} to {max(figures):,.1f})" if len(figures) > 1 else ""
        print(f"    {name:<22}{found[name]:>12,.1f} {unit}{spread}", flush=True)
    return found


def at_least_times(medians: Mapping[str, float], wanted: Mapping[str, float]) -> None:
    """Print how many times a peer's figure ours is, where it is to be so many times as high at least."""
    for name, times in wanted.items():
        if name in medians:
            ratio = medians[OURS] / medians[name] if medians[name] else float("inf")
            target(f"  {ratio:.1f} times {name}'s (at least {times:g})", met=ratio >= times)


def at_least(what: str, figure: float, least: float, unit: str) -> None:
    """Print whether a figure is high enough."""
    target(f"  {what} {figure:,.0f} {unit} (at least {least:,.0f})", met=figure >= least)


def at_most(what: str, figure: float, most: float, unit: str) -> None:
    """Print whether a figure is low enough."""
    target(f"  {what} {figure:,.1f} {unit} (at most {most:,g})", met=figure <= most)


def scaled(count: int, scale: float, least: int) -> int:
    """Return a part of a count, and never more than it."""
    return min(count, max(least, round(count * scale)))


def load() -> str:
    """Return what else the machine has to do: what a figure is worth."""
    return f"load {os.getloadavg()[0]:.1f}"
