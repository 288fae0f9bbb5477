"""Entries of sets and tables, listed."""
