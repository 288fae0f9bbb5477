"""Programs that show beatd at work."""
