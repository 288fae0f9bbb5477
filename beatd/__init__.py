"""beatd: a periodic scheduler daemon with a pluggable queue and a prefork worker."""

__version__ = "0.1.0"
