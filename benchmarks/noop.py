"""The task that does nothing, for beatd."""

from beatd import task


@task(name="bench.noop")
def noop() -> None:
    """Do nothing."""
