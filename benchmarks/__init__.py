"""Measurements beside Celery, in one run on one machine."""

import os

# Peers are compiled when they are installed. beatd is measured where its sources lie, and is compiled at its first
# start, unless the environment forbids it: every start would compile it anew then, as no installation does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
