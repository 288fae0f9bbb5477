"""The Lua scripts: each file is one, put behind the files of functions that it uses, and those of the layout."""

from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import NamedTuple

_LAYOUT = "the layout's own"
_QUEUES = ("deliveries", "messages", _LAYOUT)
_BROKER = (*_QUEUES, "results")
_ENDING = (*_BROKER, "fires", "records", "held", "ending")
_USES: dict[str, tuple[str, ...]] = {
    "step": (*_BROKER, "fires", "records", "held", "revoking", "asides"),
    "send": (*_QUEUES, "fires"),
    "unique": (*_QUEUES, "held"),
    "claim": (*_BROKER, "records", "rates"),
    "settle": _ENDING,
    "ends": ("results",),
    "release": _QUEUES,
    "reap": _QUEUES,
    "renew": ("deliveries",),
    "revoke": (*_ENDING, "revoking"),
    "purge": (*_BROKER, "records", "revoking"),
    "tell": _ENDING,
    "doomed": ("deliveries",),
    "look": _QUEUES,
    "resume": _QUEUES,
    "sizes": _QUEUES,
    "peek": ("messages",),
    "forget": _BROKER,
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
    "tenures": (),
    "past": (),
    "reaching": (),
    "newest": (),
    "errand": (),
    "stride": (*_QUEUES, "fires"),
    "confirm": ("messages", "state"),
    "lost": (),
}
# So small, and asked for so often, that what the others share would be most of the work.
_ALONE = frozenset({"send_one"})


class Script(NamedTuple):
    """A script's text, and the name under which the server keeps it once loaded."""

    text: str
    sha: str


@cache
def script(name: str, layout: str) -> Script:
    """Return a script by its name; ``layout``: the file that knows where messages lie."""
    folder = files("beatd.rediskit").joinpath("lua")
    uses = () if name in _ALONE else ("common", *_USES[name])
    parts = (layout if part is _LAYOUT else part for part in (*uses, name))
    text = "\n".join(folder.joinpath(f"{part}.lua").read_text("utf-8") for part in parts)
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())
