"""A small shop on a SQLite database, run by beatd."""
