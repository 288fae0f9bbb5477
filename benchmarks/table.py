"""Lines of the report: a figure of ours, Celery's and the ratio; a target and whether it is met."""


def line(what: str, ours: float, theirs: float | None, *, unit: str, more_is_better: bool) -> None:
    """Print a line; the ratio is how many times better ours is (below 1: worse)."""
    text = f"  {what:<34} beatd {ours:>10,.2f} {unit:<8}"
    if theirs is not None:
        better, worse = (ours, theirs) if more_is_better else (theirs, ours)
        ratio = f"{better / worse:.2f}x" if better and worse else "-"
        text += f" Celery {theirs:>10,.2f} {unit:<8} ratio {ratio}"
    print(text, flush=True)


def target(text: str, *, met: bool) -> None:
    """Print a figure that has a target, and whether it is met."""
    print(f"  {text}: {'met' if met else 'NOT MET'}", flush=True)
