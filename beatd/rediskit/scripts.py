"""The Lua scripts: each file is one, put behind the files of functions that it uses."""

from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import NamedTuple

_BROKER = ("messages", "results")
_ENDING = ("messages", "results", "fires", "records", "held", "ending")
_USES: dict[str, tuple[str, ...]] = {
    "step": ("messages", "results", "fires", "records", "held", "revoking"),
    "send": ("messages", "fires"),
    "claim": (*_BROKER, "records"),
    "settle": _ENDING,
    "release": ("messages",),
    "reap": ("messages",),
    "renew": ("messages",),
    "revoke": (*_ENDING, "revoking"),
    "tell": _ENDING,
    "doomed": ("messages",),
    "look": (),
    "peek": ("messages",),
    "forget": ("results",),
    "prune": ("fires",),
    "install": ("state",),
    "lease": ("state",),
    "leave": ("state",),
    "holders": (),
    "carry": ("state",),
    "begin": (),
    "define": (),
    "commit": ("state",),
    "versions": (),
}


class Script(NamedTuple):
    """A script's text, and the name under which the server keeps it once loaded."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Return a script by its name."""
    folder = files("beatd.rediskit").joinpath("lua")
    text = "\n".join(folder.joinpath(f"{part}.lua").read_text("utf-8") for part in ("common", *_USES[name], name))
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())
