"""All of it, one part after the other, because they would disturb each other."""

from collections.abc import Callable, Sequence

from beatd.errors import BeatdError
from benchmarks.service import NotDoneError
from benchmarks.worker import contenders, delayed, fairness, memory, sending, start, throughput

Part = Callable[[float, list[str]], None]
PARTS: dict[str, Part] = {
    "throughput": throughput.report,
    "sending": sending.report,
    "start": start.report,
    "memory": memory.report,
    "delayed": delayed.report,
    "fairness": fairness.report,
}


def report(*, scale: float = 1.0, parts: Sequence[str] = ()) -> bool:
    """Print all of it, or some parts; return whether all could be measured.

    ``scale``: a part of the tasks and messages, for a quick look.
    """
    print(f"beatd's worker beside its peers; {scale:g} of the tasks and messages")
    if not contenders.has_redis():
        print("  no Redis: left out\n")
        return False
    peers = contenders.installed()
    done = True
    for name in parts or PARTS:
        try:
            PARTS[name](scale, peers)
        except (NotDoneError, BeatdError) as error:
            done = False
            print(f"    NOT MEASURED: {error}")
        print(flush=True)
    return done
