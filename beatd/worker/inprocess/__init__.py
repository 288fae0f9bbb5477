"""Pools whose tasks run in the worker's own process: one at a time, or in threads."""
