"""The forms in which a call's arguments travel besides JSON, each by its name and its content type."""
