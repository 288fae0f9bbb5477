"""A table of entries, read for `beatd check`."""

from collections.abc import Iterator
from contextlib import closing

from beatd.config.settings import Settings
from beatd.core.entry import Draft
from beatd.core.field_values import shown
from beatd.core.urls import masked
from beatd.errors import BeatdError
from beatd.rowports import Page
from beatd.sqlkit.database import open_database
from beatd.wiring.drivers import celery_consumes
from beatd.wiring.tables import rows_of

AT_ONCE = 500
Checked = tuple[str | None, str | None, Draft | None]
"""(the row's name, what is wrong, the entry): of the table as a whole without a name; of a good row the entry."""


def checked_rows(url: str, settings: Settings) -> Iterator[Checked]:
    """Yield what there is to be told of a table: of all that is wrong with it, and of each row."""
    place = masked(url)
    try:
        with closing(open_database(url, create=False)) as database:
            rows = rows_of(database, settings, sees_finish=not celery_consumes(settings))
            yield from ((None, f"{place}: {text}", None) for text in rows.check())
            after: str | None = ""
            while after is not None:
                page = rows.page(after, AT_ONCE)
                yield from _of_page(page, place)
                after = page.last
    except BeatdError as error:
        yield None, str(error) if place in str(error) else f"{place}: {error}", None


def _of_page(page: Page, place: str) -> Iterator[Checked]:
    for name, reason in page.unusable.items():
        yield name, f"{place}: row {shown(name)}: {reason}", None
    newest = {version.name: version for version in page.versions}
    for name, version in newest.items():
        if version.error is not None:
            yield name, f"{place}: {version.error}", None
        elif version.entry is not None:
            yield name, None, Draft(name=name, place=place, entry=version.entry)
