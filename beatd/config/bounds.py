"""Bounds that both the settings and the command line keep to; costs nothing to import."""

from typing import Final

MOST_CHILDREN: Final = 1024
"""Of one worker: children, or threads."""
