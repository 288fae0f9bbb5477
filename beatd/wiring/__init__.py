"""The one place that turns URLs and settings into drivers and engines."""

from beatd.wiring.drivers import Broker, State, open_broker, open_state

__all__ = ["Broker", "State", "open_broker", "open_state"]
