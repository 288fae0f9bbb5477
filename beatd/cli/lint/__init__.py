"""What is odd about schedules, though it may be meant."""

from beatd.cli.lint.entry import entry_notes
from beatd.cli.lint.rules import rule_notes
from beatd.cli.lint.whole import set_notes

__all__ = ["entry_notes", "rule_notes", "set_notes"]
