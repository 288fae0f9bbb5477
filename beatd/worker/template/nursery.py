"""Where the supervisor gets its children: from a template that has the application, or each by itself."""

import logging
import os
import select
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from beatd.errors import BrokerUnavailableError, StoreError
from beatd.processes.adoption import reap_strays
from beatd.processes.fork import fork, kill_group
from beatd.processes.process import Process
from beatd.processes.tether import adopt_orphans
from beatd.worker.entry import run_child
from beatd.worker.slots import SlotBoard
from beatd.worker.spec import WorkerSpec
from beatd.worker.template.early import EarlyTemplate
from beatd.worker.template.process import APART, LOADED, LONGEST, run_template

SECOND: Final = 1_000_000
STACK_TIME: Final = SECOND // 4
"""How long a process that is to be killed has for writing its stack."""
ANSWER_SECONDS: Final = 5.0
"""How long a template may take to fork: a large one has many pages to mark."""
_SLOW: Final = "the application takes too long to be imported; its stack follows, and its process is killed"

logger = logging.getLogger("beatd.worker")


class TemplateLostError(Exception):
    """The template did not fork; it has been killed."""


@dataclass(slots=True)
class Template:
    """The process that has the application of one generation. Moments in elapsed microseconds.

    ``asked_at``: when it was asked for its stack, since it takes too long to load.
    """

    process: Process
    door: socket.socket
    generation: int
    born_at: int
    asked_at: int | None = None

    def listen(self) -> bytes:
        """Return what it says, nothing if it has not said a word since."""
        with suppress(OSError):
            return self.door.recv(LONGEST)
        return b""

    def fork(self, slot: int, owner: str) -> int | None:
        """Return the number of a new child, None where it gives no answer, or another one."""
        with suppress(OSError):
            self.door.send(f"{slot} {owner}".encode())
            select.select([self.door], [], [], ANSWER_SECONDS)
        told = self.listen()
        return int(told) if told.isdigit() else None

    def end(self) -> None:
        """Kill it, and what it has forked that nobody has asked about; ``reap_strays`` does the rest."""
        # From here on it can tell of no child, and one that is not told of does not begin.
        with suppress(OSError):
            self.door.shutdown(socket.SHUT_RD)
        while told := self.listen():
            if told.isdigit():
                kill_group(int(told))
        self.process.kill()
        self.process.close()
        self.door.close()


@dataclass(slots=True)
class Nursery:
    """Has a template for the generation that is wanted, and forks children from it.

    Where the platform or the application forbids a template each child imports the application for itself. The former
    template is kept until the next one has loaded. Before this process is forked itself ``before_fork`` is called, and
    ``in_child`` in the one that comes of it. ``early``: the first template, which has the application already.
    """

    spec: WorkerSpec
    board: SlotBoard
    poke: Callable[[], None]
    before_fork: Callable[[], None]
    in_child: Callable[[], None]
    early: EarlyTemplate | None = None
    _serving: Template | None = None
    _loading: Template | None = None
    _apart: int | None = None
    _adopts: bool | None = None

    def is_ready(self, generation: int) -> bool:
        """Return whether children of this generation can be forked now; see to it that they can be soon."""
        if self._adopts is None:
            self._adopts = adopt_orphans()
            if self.early is not None and self._adopts:
                process = self.early.go(self.spec.name)
                self._loading = Template(process, self.early.door, generation, self.spec.clock.elapsed())
        if not self._adopts or self._apart == generation:
            return True
        if self._serving is not None and self._serving.generation == generation:
            return True
        if self._loading is not None and self._loading.generation != generation:
            self._loading.end()
            self._loading = None
        if self._loading is None:
            self._loading = self._start(generation)
        return self._heard(self._loading)

    def fork(self, slot: int, owner: str) -> Process:
        """Return a new child. Raises TemplateLostError."""
        if self._serving is None:
            self.before_fork()
            return Process(fork(lambda: self._live(slot, owner), own_group=True))
        pid = self._serving.fork(slot, owner)
        if pid is None:
            self._serving.end()
            self._serving = None
            raise TemplateLostError
        # It does the same; whoever is first, a kill of the group finds it.
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)
        return Process(pid)

    def keep_former(self, generation: int) -> None:
        """Serve this generation with what was loaded for the former one."""
        if self._serving is not None:
            self._serving.generation = generation
        elif self._apart is not None:
            self._apart = generation

    def ended(self) -> Iterator[tuple[Template, int]]:
        """Yield each template that has ended unasked, with its exit code."""
        for template in self._templates():
            code = template.process.reap()
            if code is None:
                continue
            if template is self._loading:
                self._heard(template)
            if self._apart != template.generation:
                self._serving = None if template is self._serving else self._serving
                self._loading = None if template is self._loading else self._loading
                template.end()
                yield template, code

    def look(self, now: int) -> None:
        """Kill a template that takes too long to load, once it has shown where."""
        template = self._loading
        if template is None or now - template.born_at < self.spec.silent_after:
            return
        if template.asked_at is None:
            template.asked_at = now
            fields = {"action": "kill", "pid": template.process.pid}
            logger.error(_SLOW, extra=fields)
            template.process.send(signal.SIGUSR1)
            template.process.send(signal.SIGCONT)
        elif now - template.asked_at >= STACK_TIME:
            template.process.kill()

    def next_at(self) -> int | None:
        """Return the elapsed moment of the next look that matters."""
        template = self._loading
        if template is None:
            return None
        return (
            template.born_at + self.spec.silent_after if template.asked_at is None else template.asked_at + STACK_TIME
        )

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to the templates."""
        for template in self._templates():
            template.process.send(signum)

    def reap_strays(self, children: Callable[[int], bool]) -> None:
        """Reap what the children's descendants left, and nothing of ``children``."""
        own = {template.process.pid for template in self._templates()}
        if self._adopts:
            reap_strays(lambda pid: pid in own or children(pid))

    def close(self) -> None:
        """End the templates."""
        for template in self._templates():
            template.end()
        self._serving = self._loading = None

    def _templates(self) -> list[Template]:
        return [template for template in (self._serving, self._loading) if template is not None]

    def _start(self, generation: int) -> Template:
        self.before_fork()
        # Loaded here, it need not be in the template, nor in each child.
        with suppress(BrokerUnavailableError, StoreError):
            self.spec.open_broker().close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        supervisor = os.getpid()

        def live() -> int:
            ours.close()
            self.in_child()
            if self._serving is not None:
                self._serving.door.close()
            return run_template(self.spec, self.board, self.poke, supervisor, theirs)

        process = Process(fork(live, own_group=True))
        theirs.close()
        return Template(process, ours, generation, self.spec.clock.elapsed())

    def _heard(self, template: Template) -> bool:
        """Take what the one that loads has said; return whether children can be forked."""
        if (said := template.listen()) == LOADED:
            former, self._serving, self._loading = self._serving, template, None
            self._apart = None
            if former is not None:
                former.end()
        elif said == APART:
            self.close()
            self._apart = template.generation
        return self._loading is None

    def _live(self, slot: int, owner: str) -> int:
        self.in_child()
        return run_child(self.spec, self.board, slot, owner, self.poke)
