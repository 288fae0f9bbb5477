"""Schedulers on a table that is edited all the while, disturbed at random, and judged."""

import json
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.evidence import read_evidence
from tests.faults.nemesis import PROCESSES, PROXIED, Nemesis, Story, Terms
from tests.faults.oracle import Verdict
from tests.faults.rows.editor import Editor
from tests.faults.rows.judge import judge_rows
from tests.faults.rows.table import Table
from tests.faults.site import BEATD, Site, steady
from tests.faults.stores import Store, Undo, open_store

ATTACKED = ("sqlite", "postgresql", "redis")
"""Where the messages go; the table lies in the same database, and beside Redis in PostgreSQL."""
APART = {"redis": "postgresql", "redis+file": "sqlite"}
"""Where the table lies that does not lie with the messages."""


class Places:
    """A store, and the table on the same server or on another one, which is disturbed as well."""

    def __init__(self, store: Store, apart: Store | None) -> None:
        self.store, self.apart = store, apart
        self.url, self.proxies = store.url, store.proxies
        self.table_url = (apart or store).url
        self.disturbances: dict[str, Callable[[], Undo]] = {**store.disturbances}
        self.table_proxies = [] if apart is None else apart.proxies
        if apart is not None:
            self.disturbances |= {f"table's {kind}": deed for kind, deed in apart.disturbances.items()}
        if self.table_proxies:
            self.disturbances["table cut off"] = self._cut_off

    def url_for(self, place: int) -> str:
        return self.store.url_for(place)

    def table_url_for(self, place: int) -> str:
        return (self.apart or self.store).url_for(place)

    def _cut_off(self) -> Undo:
        """Let no scheduler reach the table."""
        for proxy in self.table_proxies:
            proxy.refuse()
        return lambda: [proxy.heal() for proxy in self.table_proxies] and None


class EditedSite(Site):
    """A site whose schedulers read a table; an editor edits it from its start until ``leave``."""

    def __init__(self, folder: Path, places: Places, editor: Editor, *, schedulers: int, rate: int) -> None:
        self.places, self.editor = places, editor
        super().__init__(folder, places, editor.dice, schedulers=schedulers, load=())
        self._rate = rate
        self._leaving = threading.Event()
        self._editing = threading.Thread(target=self._edit_on, name="editor")
        self._failure: Exception | None = None

    def given(self, place: int) -> list[str]:
        table = ["--schedule", self.places.table_url_for(place)]
        return [*super().given(place), *table, "--log-level", "warning"]

    def edit(self) -> None:
        """Fill the table, once: from then on the editor edits by itself."""
        if not self.editor.diary.commits:
            self.editor.fill(steady(self._rate))

    def begin(self) -> None:
        self.start()
        self._editing.start()

    def leave(self) -> None:
        """End the edits; what was open is ended too."""
        self._leaving.set()
        if self._editing.is_alive():
            self._editing.join(60)
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        self._leaving.set()
        super().end()

    def judged(self) -> Verdict:
        """Stop, and return what the judge finds."""
        self.editor.finish()
        until = self.stop()
        self.editor.diary.write(self.folder / "diary.txt")
        evidence = read_evidence(self.places.url, versions=False)
        kept = {"until": until, "installed": evidence.installed, "cursors": evidence.cursors, "ranges": evidence.ranges}
        (self.folder / "evidence.txt").write_text(json.dumps(kept))
        verdict = judge_rows(self.editor.diary.lines(), evidence, self.traces, looked_after_until=until)
        verdict.problems += self.editor.diary.problems
        return verdict

    def _edit_on(self) -> None:
        try:
            while not self._leaving.wait(self.editor.dice.uniform(0.02, 0.3)):
                self.editor.act()
            self.editor.finish()
        except Exception as error:  # noqa: BLE001  of a thread: it is raised where the thread ends
            self._failure = error


@contextmanager
def open_places(driver: str, folder: Path, schedulers: int) -> Iterator[Places]:
    """Start the store of a driver, and a server for the table where it has none; the tables are made."""
    with ExitStack() as stack:
        store = stack.enter_context(open_store(driver.partition("+file")[0], folder, schedulers))
        apart = stack.enter_context(open_store(APART[driver], folder, schedulers)) if driver in APART else None
        places = Places(store, apart)
        subprocess.run([BEATD, "db", "upgrade", "--broker", places.table_url], check=True, capture_output=True)
        yield places


def disturb_rows(driver: str, folder: Path, terms: Terms, *, schedulers: int = 3) -> Story:
    """Edit rows and disturb schedulers on the store of a driver, and judge."""
    dice = random.Random(terms.seed)
    with ExitStack() as stack:
        places = stack.enter_context(open_places(driver, folder, schedulers))
        editor = Editor(Table(places.table_url), random.Random(terms.seed + 1))
        site = EditedSite(folder, places, editor, schedulers=schedulers, rate=terms.rate)
        stack.callback(site.end)
        every = (*PROCESSES, "restart", *places.disturbances, *(PROXIED if places.proxies else ()))
        acts = terms.plan(dice, every, schedulers)
        site.begin()
        Nemesis(site, dice).attack(acts, terms.say)
        site.leave()
        return Story(terms.seed, acts, site.judged(), site.complaints(), site.logs())
