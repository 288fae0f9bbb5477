"""Where settings come from: each layer gives raw values and says where each stood."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beatd.config.keys import KEYS, PROCESS_KEYS
from beatd.core.document import Document, nearest
from beatd.core.toml_text import LARGEST, read_document
from beatd.errors import DefinitionError, SettingsError

# Kubernetes puts these into every pod beside a Service called "beatd"; they are not meant for us.
_OF_KUBERNETES = re.compile(r"BEATD_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_.+)?)")


_ALL = {**KEYS, **PROCESS_KEYS}


@dataclass(frozen=True, slots=True)
class Raw:
    """One value as it was given; ``place`` begins an error about it, ``base`` is the folder for relative paths."""

    value: Any
    origin: str
    place: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """All that one kind of source gives, by key."""

    values: Mapping[str, Raw] = field(default_factory=dict)


def of_options(options: Mapping[str, Any]) -> Layer:
    """Return what the command line gives; None and empty lists count as not given."""
    given = {key: value for key, value in options.items() if value is not None and value not in ((), [])}
    _refuse_unknown(given, "command line", _ALL)
    return Layer({key: _option(key, value) for key, value in given.items()})


def of_environ(environ: Mapping[str, str]) -> Layer:
    """Return what ``BEATD_*`` variables give; an empty one counts as not set."""
    keys = {f"BEATD_{key.upper()}": key for key in _ALL}
    values = {}
    for name, text in environ.items():
        if not name.startswith("BEATD_") or name == "BEATD_CONFIG" or _OF_KUBERNETES.fullmatch(name):
            continue
        if name not in keys:
            raise SettingsError(name, "unknown environment variable", nearest(name, keys) or "beatd owns BEATD_*")
        if text:
            key = keys[name]
            values[key] = Raw(_ALL[key].from_text(text), name, name)
    return Layer(values)


def of_app(settings: Mapping[str, Any]) -> Layer:
    """Return what ``App(...)`` was given."""
    given = {key: value for key, value in settings.items() if value is not None}
    _refuse_unknown(given, "App(...)", KEYS)
    return Layer({key: Raw(value, "App(...)", f"App(...): {key}") for key, value in given.items()})


def of_documents(documents: Sequence[Document]) -> Layer:
    """Return what the ``[beatd]`` tables give together. Raises SettingsError where two of them differ."""
    values: dict[str, Raw] = {}
    for document in documents:
        for key, value in document.data.get("beatd", {}).items():
            at = document.at("beatd", key)
            if key not in KEYS:
                raise SettingsError(at, f"beatd.{key}: unknown key", nearest(key, KEYS))
            raw = Raw(value, at, f"{at}: beatd.{key}", str(Path(document.place).parent))
            former = values.setdefault(key, raw)
            if former.value != value:
                raise SettingsError(raw.place, f"differs from the one at {former.origin}", "set it in one file only")
    return Layer(values)


def read_file(path: Path) -> Document:
    """Return what one TOML file says. Raises DefinitionError."""
    try:
        with path.open("rb") as file:
            return read_document(file.read(LARGEST + 1), str(path))
    except FileNotFoundError:
        raise DefinitionError(str(path), "no such file", "`beatd init` writes one to begin with") from None
    except OSError as error:
        raise DefinitionError(str(path), f"cannot be read: {error.strerror}") from None


def _option(key: str, value: Any) -> Raw:
    meant = _ALL[key].from_text(value) if isinstance(value, str) else value
    return Raw(meant, "command line", f"command line: --{key.replace('_', '-')}")


def _refuse_unknown(given: Mapping[str, Any], place: str, known: Mapping[str, Any]) -> None:
    for key in given:
        if key not in known:
            raise SettingsError(place, f"{key}: unknown setting", nearest(key, known))
