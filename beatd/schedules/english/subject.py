"""What is told about: a schedule and what the entry around it adds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from beatd.schedules.base import Terms
from beatd.schedules.composition.calendars import Calendar
from beatd.schedules.terms import BusinessDays


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A canonical schedule text under its terms. Moments are microseconds; ``exclude`` is canonical text.

    ``calendars`` are those that ``exclude`` names.
    """

    text: str
    terms: Terms = field(default_factory=Terms)
    exclude: str | None = None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    business_days: BusinessDays | None = None
    starts_at: int | None = None
    ends_at: int | None = None

    @property
    def rules(self) -> list[str]:
        """The rules of the union."""
        return self.text.split(" | ")

    @property
    def exclusions(self) -> list[str]:
        """The parts of ``exclude``."""
        return self.exclude.split(" | ") if self.exclude else []

    @property
    def names_days(self) -> bool:
        """Whether ``exclude`` says which days are closed."""
        return any(part.startswith(("dates ", "calendar ")) for part in self.exclusions)
