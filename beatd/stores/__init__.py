"""Where entries and their records live."""
