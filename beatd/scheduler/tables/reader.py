"""Reading one table, a bounded piece of work at a time; it touches nothing of the scheduler's but their exchange."""

import logging
from collections import deque
from collections.abc import Callable
from itertools import islice

from beatd.errors import BeatdError, StoreError
from beatd.ports import Clock
from beatd.rowports import Changed, Page, Rows, Upkeep
from beatd.scheduler.tables.exchange import Exchange, Pruning, Reading, UpToDate, out_of
from beatd.scheduler.tables.sweep import Sweep

SECOND = 1_000_000
PAGE = 2000
"""How many names are read at a time."""

ASK = 500
"""How many names are asked for at a time."""

POLL = SECOND
TELL, TELL_EACH = 500, SECOND // 4
"""How many rows are written back at a time, and how long after one time the next one comes."""

PRUNE, PRUNE_EACH = 1000, 30 * SECOND
PROGRESS = 5 * SECOND
CHECK_EACH = 60 * SECOND
"""How often it is looked whether the table can still be used, and has its triggers."""

_log = logging.getLogger("beatd.scheduler")


class Reader:
    """Reads all of a table, then what is changed in it, and writes back what is told.

    ``keep``: how long what a row was before is kept, in microseconds. Every call may raise BrokerUnavailableError or
    StoreError; the next one goes on where that one failed.
    """

    def __init__(self, rows: Rows, upkeep: Upkeep, clock: Clock, exchange: Exchange, *, keep: int) -> None:
        self.name = rows.name
        self.exchange = exchange
        self._rows = rows
        self._upkeep = upkeep
        self._clock = clock
        self._keep = keep
        self._mark: object | None = None
        self._ahead = 0
        self._place: str | None = ""
        self._begins = True
        self._count = 0
        self._changed: deque[str] = deque()
        self._problems: list[str] = []
        self._in_use: dict[str, int] = {}
        self._missed: set[str] = set()
        self._sweep = Sweep(rows, clock, exchange)
        self._poll_at = self._polled_at = self._tell_at = self._progress_at = 0
        self._prune_at = clock.elapsed() + PRUNE_EACH
        self._check_at = clock.elapsed() + CHECK_EACH

    def check(self) -> None:
        """Say what is wrong with the table, once. Raises DefinitionError where it cannot be used."""
        problems = self._upkeep.check()
        for problem in problems:
            if problem not in self._problems:
                _log.warning("%s: %s", self.name, problem, extra={"action": "table_problem"})
        self._problems = problems

    def of(self, names: list[str]) -> Page:
        """Return what the table tells of these names now; for the start, before anything else is read."""
        return self._rows.of(names)

    def hasten(self) -> None:
        """Look for changes with the next step."""
        self._poll_at = 0

    def reconnected(self) -> None:
        """Begin to compare all at once: nobody knows what became of what was asked for."""
        self._sweep.begin()
        self.hasten()

    def step(self) -> bool:
        """Do the next piece of work; return whether there was one."""
        # Reading first: what cannot be written must not keep it waiting.
        works: tuple[Callable[[], bool], ...] = (
            self._poll, self._read_names, self._catch_up, self._read_page, self._compare, self._check, self._touch,
            self._tell, self._prune,
        )  # fmt: skip
        worked, refused = False, None
        # All of them, so that none keeps another one waiting: what one is refused, others may be allowed.
        for work in works:
            try:
                worked = work() or worked
            except StoreError as error:
                refused = refused or error
        if refused is not None:
            raise refused
        return worked

    def wait(self, seconds: float) -> bool:
        """Return True soon after something may have been committed, False after so many seconds."""
        return self._rows.wait(seconds)

    def _touch(self) -> bool:
        touches = self.exchange.touches
        if not touches:
            return False
        touch = touches.popleft()
        # Read again also where it fails: whoever wants it asks again then.
        self._changed.extend(touch)
        self._upkeep.touch(touch)
        return True

    def _poll(self) -> bool:
        elapsed = self._clock.elapsed()
        if elapsed < self._poll_at:
            return False
        if self.exchange.all_again:
            self.exchange.all_again = False
            self._begin_again()
        if self._mark is None:
            self._mark = self._rows.mark()
        changed = self._rows.changed(self._mark)
        self._ahead = changed.now - (elapsed + self._clock.elapsed()) // 2
        self._note(changed)
        self._poll_at, self._polled_at = elapsed + POLL, elapsed
        return False

    def _catch_up(self) -> bool:
        """Say that all was read that the scheduler asked for, once it was."""
        asked_at = self.exchange.asked_at
        if asked_at is None or self._polled_at < asked_at or self._changed or self.exchange.is_full:
            return False
        self.exchange.asked_at = None
        self.exchange.put(UpToDate(asked_at))
        return True

    def _note(self, changed: Changed) -> None:
        self._mark = changed.mark
        if changed.names is None:
            _log.info("%s: all of it is read again", self.name, extra={"action": "table_again"})
            self._begin_again()
        else:
            # An edit does not wait for what is left of a bulk update before it.
            (self._changed.extend if len(changed.names) > ASK else self._changed.extendleft)(changed.names)

    def _begin_again(self) -> None:
        self._place, self._begins, self._count = "", True, 0

    def _read_names(self) -> bool:
        """Read what was changed, or was asked for, again."""
        asked, doubted = self.exchange.asked, self.exchange.doubted
        if not (self._changed or asked or doubted) or self.exchange.is_full:
            return False
        doubts = list(islice(out_of(doubted), ASK))
        in_doubt = [name for name, _ in doubts]
        others = islice(out_of(self._changed, asked), ASK - len(in_doubt))
        names = list(dict.fromkeys([*in_doubt, *others]))
        try:
            page = self._rows.of(names, {name: [used] for name, used in doubts if used is not None})
        except BaseException:  # raised again: what was taken out is asked for with the next step
            self._changed.extendleft(names)
            doubted.extendleft(doubts)
            raise
        self.exchange.put(Reading(page, self._ahead, asked=names, doubted=in_doubt))
        return True

    def _read_page(self) -> bool:
        if self._place is None or self.exchange.is_full:
            return False
        page = self._rows.page(self._place, PAGE)
        self.exchange.put(Reading(page, self._ahead, begins=self._begins, ends=page.last is None))
        self._place, self._begins = page.last, False
        self._count += len({version.name for version in page.versions})
        self._say_progress()
        return True

    def _say_progress(self) -> None:
        elapsed = self._clock.elapsed()
        if self._place is None:
            self._sweep.expect(self._count)
            _log.info("%s: %d rows are read", self.name, self._count, extra={"action": "table_read"})
        elif elapsed >= self._progress_at:
            self._progress_at = elapsed + PROGRESS
            _log.info("%s: %d rows so far", self.name, self._count, extra={"action": "table_reading"})

    def _tell(self) -> bool:
        elapsed, told = self._clock.elapsed(), self.exchange.told
        if not told or elapsed < self._tell_at:
            return False
        part = [told.popleft() for _ in range(min(TELL, len(told)))]
        try:
            self.exchange.locked.extend(self._upkeep.tell(part))
        except BeatdError:
            told.extendleft(reversed(part))
            raise
        self._tell_at = elapsed + TELL_EACH
        return True

    def _compare(self) -> bool:
        # What was not read yet differs from everything.
        return self._place is None and self._sweep.step()

    def _check(self) -> bool:
        elapsed = self._clock.elapsed()
        if elapsed >= self._check_at:
            self._check_at = elapsed + CHECK_EACH
            self.check()
        return False

    def _prune(self) -> bool:
        """Delete former versions that nobody needs any more; which are in use only the scheduler knows."""
        while self.exchange.in_use:
            self._in_use = dict(self.exchange.in_use.popleft())
            self._prune_at = 0
        elapsed = self._clock.elapsed()
        if elapsed < self._prune_at or self._place is not None or self.exchange.is_full:
            return False
        self._prune_at = elapsed + PRUNE_EACH
        deleted = self._upkeep.prune(before=elapsed + self._ahead - self._keep, limit=PRUNE, taken_in=self._taken_in)
        if self._missed:
            self.exchange.put(Pruning(sorted(self._missed)))
        elif deleted >= PRUNE:
            self._prune_at = elapsed + SECOND
        self._missed.clear()
        self._in_use.clear()
        return False

    def _taken_in(self, name: str) -> int | None:
        if name not in self._in_use:
            self._missed.add(name)
        return self._in_use.get(name)
