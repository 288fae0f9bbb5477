"""Entries where people edit them: in tables of a database, and in TOML files."""
