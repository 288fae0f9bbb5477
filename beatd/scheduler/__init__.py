"""The scheduler: fires what is due, exactly once."""
