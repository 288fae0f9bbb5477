"""The state's id, kept beside it, so that a store that was lost or swapped is not mistaken for a new one."""

import os
from pathlib import Path

from beatd.config.settings import Settings
from beatd.errors import StoreError
from beatd.ports import Installation


def check_installation(settings: Settings, installation: Installation) -> None:
    """Compare the state's id with the one known in ``$STATE_DIRECTORY``, which is written the first time.

    Raises StoreError where they differ: what this state does not know of may have fired, and nobody would notice.
    """
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not folder:
        return
    path = Path(folder) / f"{settings.namespace}.installation"
    if not path.exists():
        path.write_text(installation.id + "\n", encoding="ascii")
    elif path.read_text(encoding="ascii").strip() != installation.id:
        raise StoreError(
            f"the state of namespace {settings.namespace!r} is not the one known in {path}: it was lost or replaced, "
            f"so nothing is fired; bring the former database back, or remove {path} to begin anew from now"
        )
