"""Importing what a worker will need, before it is known in full what that is."""

from contextlib import suppress

from beatd.config.settings import Settings
from beatd.errors import BeatdError
from beatd.wiring.drivers import open_broker, open_state


def load_broker(settings: Settings) -> None:
    """Import the broker's driver, as far as the broker is known by now."""
    if settings.origins["broker"] != "default":
        # It connects at first use; what is wrong with the URL is told then.
        with suppress(BeatdError):
            open_broker(settings, create=False).close()


def load_supervisor(settings: Settings) -> None:
    """Import what the parent of a worker's children needs, the store's driver as far as the store is known by now."""
    import beatd.wiring.worker
    import beatd.worker.supervisor  # noqa: F401  as above

    if settings.origins["broker"] != "default":
        with suppress(BeatdError):
            open_state(settings, create=False).close()
