"""The TOML files that a path stands for."""

from pathlib import Path

from beatd.core.document import Document
from beatd.core.toml_text import LARGEST, read_document
from beatd.errors import DefinitionError


def toml_files(path: Path) -> list[Path]:
    """Return the file, or the files of the folder, sorted. Raises DefinitionError where there are none."""
    if not path.is_dir():
        return [path]
    try:
        # A name that begins with a dot is an editor's or a package system's own.
        files = sorted(file for file in path.iterdir() if file.suffix == ".toml" and not file.name.startswith("."))
    except OSError as error:
        raise DefinitionError(str(path), f"cannot be read: {error.strerror}") from None
    if not files:
        raise DefinitionError(str(path), "no *.toml file is in this folder", "name the folder that holds them")
    return files


def read_toml(path: Path) -> Document:
    """Return what one file says. Raises DefinitionError where it cannot be read, or is not beatd's."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise DefinitionError(str(path), "no such file", "`beatd init` writes one to begin with") from None
    except OSError as error:
        raise DefinitionError(str(path), f"cannot be read: {error.strerror}") from None
    return read_document(content, str(path))
