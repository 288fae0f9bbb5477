"""What there was, on a Redis server: versions and their time, fires that were emitted and that were not."""

from bisect import bisect_right
from collections.abc import Iterator

from beatd.core.entry import Tenure
from beatd.core.record import Disposition, Reason
from beatd.ports import Clock
from beatd.rediskit import fires
from beatd.rediskit.fires import EMITTED, TRIGGERED, Fire
from beatd.rediskit.server import Server
from beatd.stores.redis.version import version_of

PAGE = 500


class RedisPast:
    """The port ``Past``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._names: list[str] = []

    def kept_since(self) -> int:
        """Return the moment from which on nothing of the history was deleted; without a state, now."""
        key = f"{self._server.prefix}state"
        since, history_from = self._server.command("HMGET", key, "since", "history_from")
        return self._clock.now() if since is None else max(int(since), int(history_from or 0))

    def names(self, after: str, limit: int) -> list[str]:
        """Return the next names that have a record; what came or went since the first page is not looked for."""
        if not after or not self._names:
            # The server keeps them in no order.
            self._names = sorted(self._all_names())
        place = bisect_right(self._names, after) if after else 0
        return self._names[place : place + limit]

    def tenures(self, name: str) -> list[Tenure]:
        """Return the versions of a name that were taken in, in the order in which they ruled."""
        of_set, of_rows = self._server.run("tenures", name)
        told = [value.decode() for value in of_set]
        found = [
            Tenure.of_row(name, int(number), int(fingerprint), int(generation), int(since))
            for number, generation, since, fingerprint in (word.split(":") for word in of_rows.decode().split())
        ]
        for number, content, tenure in zip(told[::3], told[1::3], told[2::3], strict=True):
            generation, since = tenure.split(" ")
            version = version_of(name, number, content)
            found.append(Tenure(version=version, generation=int(generation), since=int(since)))
        return sorted(found, key=lambda tenure: tenure.version.number)

    def emitted(self, name: str, after: int, until: int, limit: int) -> list[tuple[int, int]]:
        """Return (fire time, version) of what the schedule emitted, the oldest first, all of a fire time or none."""
        found: list[tuple[int, int]] = []
        for fire in self._walk(name, f"({after}", str(until)):
            if fire.reason != EMITTED:
                continue
            if len(found) >= limit and fire.first != found[-1][0]:
                break
            found.append((fire.first, fire.version))
        if len(found) <= limit:
            return found
        # The last fire time is there more often than there is room; it is told whole only where it stands alone.
        last = found[-1][0]
        return [each for each in found if each[0] < last] or found

    def dispositions(self, name: str, after: int, until: int, limit: int) -> list[Disposition]:
        """Return the ranges that end after ``after`` and begin by ``until``, the oldest first."""
        found = []
        reaching = self._server.run("reaching", name, min(after, until), TRIGGERED)
        if reaching and _is_range(fire := fires.fire_of(reaching)) and (fire.last is None or fire.last > after):
            found.append(_disposition(fire))
        for fire in self._walk(name, f"({after}", str(until)):
            if len(found) >= limit:
                break
            if _is_range(fire):
                found.append(_disposition(fire))
        return found

    def _walk(self, name: str, lowest: str, highest: str) -> Iterator[Fire]:
        offset, full = 0, True
        while full:
            values = self._server.run("past", name, lowest, highest, offset, PAGE)
            yield from (fires.fire_of(value) for value in values if value)
            offset, full = offset + PAGE, len(values) == PAGE

    def _all_names(self) -> Iterator[str]:
        seen: set[str] = set()
        cursor: int | None = None
        while cursor != 0:
            key = f"{self._server.prefix}records"
            answer, pairs = self._server.command("HSCAN", key, cursor or 0, "COUNT", PAGE)
            cursor = int(answer)
            for name in {name.decode() for name in pairs[::2]} - seen:
                seen.add(name)
                yield name


def _is_range(fire: Fire) -> bool:
    return fire.reason not in {EMITTED, TRIGGERED}


def _disposition(fire: Fire) -> Disposition:
    reason = Reason(fire.reason)
    return Disposition(fire.entry, fire.generation, fire.version, reason, fire.first, fire.last, fire.count, fire.note)
