"""Entries edited from Python: ``ScheduleStore``."""
