"""Servers for tests: shared ones by URL, private ones to be killed, stopped, filled and cut off."""
