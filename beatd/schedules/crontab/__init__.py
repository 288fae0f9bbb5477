"""Crontab schedules: read, written, and looked up in tables of days and times."""
