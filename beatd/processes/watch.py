"""Notice that files have changed: by the kernel's events, and by looking, where those do not arrive."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

from beatd.processes.wakepipe import WakePipe

_LOOK_EVERY = 1.0
_SETTLE = 0.05
_SETTLE_LOOKS = 20

Sight = tuple[object, ...] | None
Sights = dict[Path, Sight]


class FileWatch:
    """Watches files, and in folders those with ``suffix``, through symbolic links; paths need not exist yet.

    ``fileno`` is readable when a hint has arrived. Call ``changed`` then, or every so often without any hint.
    """

    def __init__(self, paths: Sequence[str], *, suffix: str = ".toml", events: bool = True) -> None:
        self._paths = tuple(Path(path) for path in paths)
        self._suffix = suffix
        self._events = events
        self._seen = self._look()
        self._hints = WakePipe()
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="beatd-watch", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._hints.fileno()

    def changed(self) -> bool:
        """Take away the hints, and return whether a file is not what it was at the last call."""
        return bool(self.changes())

    def changes(self) -> list[Path]:
        """Do as ``changed`` does, and return which files those are: written, new or gone."""
        self._hints.drain()
        former, self._seen = self._seen, self._look()
        there = former.keys() | self._seen.keys()
        return sorted(path for path in there if former.get(path) != self._seen.get(path))

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        # The thread is a daemon: should it not have come back by then, it cannot hold up the end of the process.
        self._thread.join(2 * _LOOK_EVERY)
        if not self._thread.is_alive():
            self._hints.close()

    def _watch(self) -> None:
        known = self._seen
        while not self._stop.is_set():
            # A new watch after each change: what was replaced by a rename is another file now.
            for _ in self._wake_ups():
                sight = self._look()
                if sight != known:
                    known = self._settled(sight)
                    self._hints.ring()
                    break

    def _wake_ups(self) -> Iterator[None]:
        """Yield whenever it is time to look: after an event, and each second in any case."""
        try:
            yield from self._event_wake_ups()
        except (ImportError, OSError, RuntimeError):
            # No library for this platform, no watches left, a path that is not there: looking will do.
            while not self._stop.wait(_LOOK_EVERY):
                yield

    def _event_wake_ups(self) -> Iterator[None]:
        if not self._events:
            raise ImportError
        import watchfiles

        # The files themselves, not the folders around them: a database beside them would wake us with each write.
        for _ in watchfiles.watch(
            *self._places(),
            watch_filter=None,
            debounce=200,
            rust_timeout=int(_LOOK_EVERY * 1000),
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            recursive=False,
        ):
            yield

    def _settled(self, sight: Sights) -> Sights:
        """Wait, not for long, until a file that is being written stays the same for a moment."""
        for _ in range(_SETTLE_LOOKS):
            if self._stop.wait(_SETTLE):
                return sight
            former, sight = sight, self._look()
            if former == sight:
                return sight
        return sight

    def _places(self) -> Sequence[Path]:
        """Return the files and folders to look at."""
        return self._paths

    def _look(self) -> Sights:
        sights: Sights = {}
        for path in self._places():
            sights[path], within = _look_at(path, self._suffix)
            sights.update((file, _look_at(file, None)[0]) for file in within)
        return sights


def _look_at(path: Path, suffix: str | None) -> tuple[Sight, list[Path]]:
    """Return what there is to see of a file or folder, and the files in it that end in ``suffix``."""
    try:
        status = path.stat()
        folder = suffix is not None and path.is_dir()
        within = sorted(file for file in path.iterdir() if file.suffix == suffix) if folder else []
        target = str(path.resolve())
    except (OSError, RuntimeError):
        return None, []
    # A folder's own time moves with every file that comes or goes, also with those that are none of ours.
    stamp = () if folder else (status.st_mtime_ns, status.st_size)
    return (target, status.st_ino, *stamp), within
