"""Measurements beside Celery, in one run on one machine."""
