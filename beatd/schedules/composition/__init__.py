"""Schedules out of schedules: what is taken away, moved or counted together."""
