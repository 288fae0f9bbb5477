"""Settings from command line, environment, files and App, in that order of weight."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from beatd.config.keys import KEYS, PROCESS_KEYS
from beatd.config.layers import Layer, Raw, of_app, of_documents, of_environ, of_options, read_file
from beatd.config.secrets import resolve
from beatd.config.settings import Settings
from beatd.config.urls import celery_app, check_celery_app, is_file, is_url, table_url, usable_url
from beatd.core.document import Document
from beatd.core.field_values import LATER, FieldError
from beatd.core.urls import masked
from beatd.errors import SettingsError

DEFAULT_FILE = "beatd.toml"
_ALL = {**KEYS, **PROCESS_KEYS}


def load_settings(
    options: Mapping[str, Any],
    *,
    config_path: str | None = None,
    environ: Mapping[str, str],
    app_settings: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings of this process; ``options`` as the command line gave them, None where it did not.

    Raises SettingsError for a value that cannot be used, DefinitionError for a file that cannot be read.
    """
    reader = _Reader(environ)
    above = [of_options(options), of_environ(environ)]
    documents = _documents(reader, above, config_path or environ.get("BEATD_CONFIG") or None)
    reader.take([*above, of_documents(documents), of_app(app_settings or {})])
    if "schedule" not in reader.values and (found := _own_schedules(documents)):
        reader.values["schedule"], reader.origins["schedule"] = found, "default"
    _check_unread(documents, reader)
    reader.check_urls()
    return Settings(**reader.values, origins=reader.origins)


class _Reader:
    """Decodes raw values and remembers where each came from."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.values: dict[str, Any] = {}
        self.origins: dict[str, str] = dict.fromkeys(_ALL, "default")
        self.places: dict[str, str] = {}
        for key in ("dedup", "dedup_window"):
            del self.origins[key]

    def take(self, layers: Sequence[Layer]) -> None:
        """Decode each key's first value; those of layers below are checked too, so that no mistake sleeps."""
        for layer in layers:
            for key, raw in layer.values.items():
                value, origin = self.decode(key, raw)
                if key not in self.values:
                    self.values[key], self.origins[key], self.places[key] = value, origin, raw.place

    def decode(self, key: str, raw: Raw) -> tuple[Any, str]:
        """Return the typed value and its origin. Raises SettingsError."""
        try:
            value, where = resolve(key, raw.value, self.environ, raw.base)
            decoded = _ALL[key].read(key, value)
            if key == "schedule":
                decoded = tuple(_source(key, path, raw.base, self.environ) for path in decoded)
        except FieldError as error:
            raise SettingsError(raw.place, error.reason, error.hint) from None
        return decoded, f"{raw.origin} ({where})" if where else raw.origin

    def check_urls(self) -> None:
        """Make the broker's URL absolute; results and state are the broker's own in this version."""
        broker = self.url("broker", self.values.get("broker", Settings().broker))
        self.values["broker"] = broker
        if broker.startswith(("redis://", "rediss://", "celery+")):
            # In memory every emitted fire would cost as much again as its message.
            self.values.setdefault("history", "exceptions")
        for key in ("results", "state"):
            given = self.values.get(key)
            if given is not None and self.url(key, given) != broker:
                reason = f"{masked(given)!r} beside another broker is {LATER}"
                raise SettingsError(self.places[key], reason, f"leave it out: the broker's own store holds the {key}")
            self.values[key] = None if given is None else broker

    def url(self, key: str, url: str) -> str:
        """Return a usable URL. Raises SettingsError."""
        try:
            return usable_url(key, url, self.environ)
        except FieldError as error:
            raise SettingsError(self.places.get(key, key), error.reason, error.hint) from None


def _documents(reader: _Reader, above: Sequence[Layer], config_path: str | None) -> list[Document]:
    """Return the files whose ``[beatd]`` holds: that of --config, else the schedule files, else ./beatd.toml."""
    if config_path is not None:
        return [read_file(Path(config_path))]
    given = next((layer.values["schedule"] for layer in above if "schedule" in layer.values), None)
    if given is not None:
        sources, _ = reader.decode("schedule", given)
        paths = [source for source in sources if is_file(source)]
        if paths:
            return [read_file(file) for path in paths for file in _files(Path(path))]
    return [read_file(Path(DEFAULT_FILE))] if Path(DEFAULT_FILE).exists() else []


def _files(path: Path) -> list[Path]:
    """Return a file itself, or the files of a folder; what is wrong with it the source will say."""
    if not path.is_dir():
        return [path]
    try:
        return sorted(file for file in path.iterdir() if file.suffix == ".toml" and not file.name.startswith("."))
    except OSError:
        return []


def _source(key: str, path: str, base: str, environ: Mapping[str, str]) -> str:
    if (target := celery_app(path)) is not None:
        check_celery_app(key, target)
        return path
    if is_url(path):
        # From where a broker's URL counts, whatever file it stands in: the same text is the same database.
        return table_url(key, path, environ)
    return str(Path(base, path)) if base else path


def _own_schedules(documents: Sequence[Document]) -> tuple[str, ...]:
    """Return the file read for its settings where it is also the one with the schedules."""
    found = tuple(document.place for document in documents if "schedules" in document.data)
    return found or ((DEFAULT_FILE,) if Path(DEFAULT_FILE).exists() else ())


def _check_unread(documents: Sequence[Document], reader: _Reader) -> None:
    """Refuse schedules in a file whose own ``schedule`` key names other files: they would be left out in silence."""
    sources = [Path(source).absolute() for source in reader.values.get("schedule", ()) if is_file(source)]
    for document in documents:
        at, place = document.at("beatd", "schedule"), Path(document.place).absolute()
        own = reader.origins["schedule"] == at and "schedules" in document.data
        if own and place not in sources and place.parent not in sources:
            reason = "names other files, so that the [schedules] of this one would not be read"
            hint = f'add "{place.name}" to the list, or move them'
            raise SettingsError(f"{at}: beatd.schedule", reason, hint)
