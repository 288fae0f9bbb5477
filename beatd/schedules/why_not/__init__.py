"""Why a schedule does, or does not, fire at a moment."""

from beatd.schedules.why_not.asked import Asked, read_asked
from beatd.schedules.why_not.reason import Reason
from beatd.schedules.why_not.verdict import Verdict, why_not

__all__ = ["Asked", "Reason", "Verdict", "read_asked", "why_not"]
