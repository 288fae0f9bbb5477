"""Tell systemd how the service does, as sd_notify(3) says."""

import logging
import os
import socket
import time
from collections.abc import MutableMapping
from typing import Self

logger = logging.getLogger("beatd.run")


class Notifier:
    """Sends datagrams to the service manager; without an address it does nothing."""

    def __init__(self, address: str | None = None, watchdog: int | None = None) -> None:
        self._address = None if address is None else _socket_address(address)
        self.watchdog_interval = None if watchdog is None else watchdog // 2
        self._fed_at: int | None = None

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ) -> Self:
        """Take the address, and the watchdog's time-out, out of the environment, so that no child inherits them.

        ``watchdog_interval``: microseconds from one ``alive`` to the next, None where no watchdog waits for any.
        """
        address = environ.pop("NOTIFY_SOCKET", None)
        timeout = environ.pop("WATCHDOG_USEC", "")
        meant = environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return cls(address, int(timeout) if meant and timeout.isdigit() and int(timeout) > 0 else None)

    def ready(self) -> None:
        """Say that start-up, or a reload, is complete."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that a reload begins; ``ready`` ends it."""
        # The protocol names this very clock, which is not the one that engines are handed.
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Say that the service is going down."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Show one line in ``systemctl status``."""
        self._send("STATUS=" + " ".join(text.split()))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def feed(self, now: int) -> None:
        """Feed the watchdog where one waits, and it is time to; ``now`` in elapsed microseconds."""
        interval = self.watchdog_interval
        if interval is not None and (self._fed_at is None or now - self._fed_at >= interval // 2):
            self._fed_at = now
            self.alive()

    def _send(self, state: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(state.encode(), self._address)
        except OSError as error:
            logger.debug("the service manager cannot be told", extra={"action": "notify", "error": str(error)})


def _socket_address(address: str) -> str | None:
    """Return the address as the kernel takes it: ``@`` stands for the abstract namespace; others are not for us."""
    if address.startswith("@"):
        return "\0" + address[1:]
    return address if address.startswith("/") else None
