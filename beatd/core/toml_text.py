"""The bytes of one of beatd's TOML files as a document."""

from beatd.core.document import Document, nearest, parse_document
from beatd.errors import DefinitionError

TABLES = ("beatd", "defaults", "calendars", "schedules")
LARGEST = 64 * 1024 * 1024


def read_document(content: bytes, place: str) -> Document:
    """Return what a file says; read at most ``LARGEST + 1`` bytes of it. Raises DefinitionError."""
    if len(content) > LARGEST:
        reason = f"is longer than {LARGEST // 1024 // 1024} MiB"
        raise DefinitionError(place, reason, "spread the entries over several files of a folder")
    document = parse_document(_text(content, place), place)
    for table, value in document.data.items():
        if table not in TABLES:
            hint = (
                nearest(table, TABLES)
                or "a file has the tables [beatd], [defaults], [calendars.NAME] and [schedules.NAME]"
            )
            raise DefinitionError(document.at(table), f"{table}: unknown table", hint)
        if not isinstance(value, dict):
            hint = f"write [{table}.NAME]" if table in {"calendars", "schedules"} else f"write [{table}]"
            raise DefinitionError(document.at(table), f"{table}: must be a table", hint)
    return document


def _text(content: bytes, place: str) -> str:
    try:
        # The mark that some editors put first says nothing in UTF-8.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        reason = f"is not UTF-8 text (byte 0x{content[error.start]:02x})"
        raise DefinitionError(f"{place}:{line}:{column}", reason, "save it as UTF-8") from None
